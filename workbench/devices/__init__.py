"""The Devices page: deploy, measure, listen and monitor on a device."""
