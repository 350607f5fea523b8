"""The Features page: pictures of a sound as it goes on, and what tells two labels apart."""
