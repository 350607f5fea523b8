"""Where the letters of a scatter chart go: beside their points, never over points or each other.

Greedy point-feature labelling: every label tries a fan of places, nearest first, and takes the one that
covers least (after Christensen, Marks, Shieber 1995, "An empirical study of algorithms for point-feature
label placement"). Coverage is read off a summed-area table, so thousands of points cost no more than ten.
"""

import numpy as np

CELL = 3.0
ANGLES = np.deg2rad([-45, -90, 0, -135, 180, 45, 90, 135, -22, -67, -112, -157, 22, 67, 112, 157])
DIRECTIONS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
DISTANCES = np.array([0.0, 7.0, 15.0, 25.0, 37.0, 52.0, 70.0, 92.0])
POINT_COST = 60.0
LABEL_COST = 400.0
CROSSING_COST = 150.0
MOST_PROMISING = 24
"""Places of a label that are looked at for crossings: to look at all would take several times as long."""
OUTSIDE_COST = 2000.0
LEADER_COST = 12.0
LEADER_STEPS = np.linspace(0.3, 0.9, 7)


class Coverage:
    """How many points lie over each patch of a chart, for rectangles by the thousand."""

    def __init__(self, points: np.ndarray, radius: float, width: float, height: float) -> None:
        """Count discs of a radius in pixels around points, shape (n, 2), over a chart of width × height."""
        self.columns, self.rows = int(width / CELL) + 2, int(height / CELL) + 2
        cells = np.floor(points / CELL).astype(int)
        reach = int(np.ceil(radius / CELL))
        # A rim as wide as a disc keeps the centres that stand just outside.
        cells += reach
        rim = np.array([self.columns + 2 * reach, self.rows + 2 * reach])
        cells = cells[((cells >= 0) & (cells < rim)).all(axis=1)]
        flat = cells[:, 1] * rim[0] + cells[:, 0]
        centres = np.bincount(flat, minlength=rim.prod()).reshape(rim[1], rim[0])
        counts = np.zeros((self.rows, self.columns), int)
        for down in range(-reach, reach + 1):
            for across in range(-reach, reach + 1):
                if across**2 + down**2 <= (radius / CELL + 0.5) ** 2:
                    rows = slice(reach + down, reach + down + self.rows)
                    counts += centres[rows, reach + across : reach + across + self.columns]
        self.counts = counts
        self.sums = np.zeros((self.rows + 1, self.columns + 1))
        self.sums[1:, 1:] = counts.cumsum(axis=0).cumsum(axis=1)

    def within(self, left: np.ndarray, top: np.ndarray, right: np.ndarray, bottom: np.ndarray) -> np.ndarray:
        """Return the covered cells in rectangles."""
        first_column = np.clip(np.floor(left / CELL).astype(int), 0, self.columns)
        last_column = np.clip(np.ceil(right / CELL).astype(int), 0, self.columns)
        first_row = np.clip(np.floor(top / CELL).astype(int), 0, self.rows)
        last_row = np.clip(np.ceil(bottom / CELL).astype(int), 0, self.rows)
        sums = self.sums
        return (
            sums[last_row, last_column]
            - sums[first_row, last_column]
            - sums[last_row, first_column]
            + sums[first_row, first_column]
        )

    def along(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return the covered cells on the way from points to ends, both of shape (…, 2)."""
        way = starts[..., None, :] + (ends - starts)[..., None, :] * LEADER_STEPS[:, None]
        cells = np.clip(np.floor(way / CELL).astype(int), 0, (self.columns - 1, self.rows - 1))
        return np.minimum(self.counts[cells[..., 1], cells[..., 0]], 1).sum(axis=-1)


def place_labels(
    anchors: np.ndarray, sizes: np.ndarray, obstacles: np.ndarray, radius: float, chart: tuple[float, float]
) -> np.ndarray:
    """Return the centres of labels, shape (n, 2), in pixels.

    `anchors` (n, 2) are the points labelled, most important first; `sizes` (n, 2) their texts' width and
    height; `obstacles` (m, 2) every point drawn, with a `radius`; `chart` its width and height.
    """
    # A label is pushed out until its nearest edge, not its centre, stands at the distance.
    push = (radius + 2 + DISTANCES)[None, :, None, None] + sizes[:, None, None, :] / 2
    places = (anchors[:, None, None, :] + push * DIRECTIONS).reshape(len(anchors), -1, 2)
    half = sizes[:, None, :] / 2 + 1
    edges = np.concatenate([places - half, places + half], axis=2)
    cost = _cost_alone(anchors, places, edges, Coverage(obstacles, radius, *chart), chart)
    centres = np.empty((len(anchors), 2))
    taken = np.empty((len(anchors), 4))
    for index in range(len(anchors)):
        left, top, right, bottom = edges[index].T[:, :, None]
        placed = taken[:index]
        overlapping = (left < placed[:, 2]) & (right > placed[:, 0]) & (top < placed[:, 3]) & (bottom > placed[:, 1])
        so_far = cost[index] + LABEL_COST * overlapping.sum(axis=1)
        good = np.argpartition(so_far, MOST_PROMISING)[:MOST_PROMISING]
        crossed = _crossings(
            anchors[index], places[index, good], edges[index, good], anchors[:index], centres[:index], placed
        )
        best = int(good[np.argmin(so_far[good] + CROSSING_COST * crossed)])
        centres[index], taken[index] = places[index, best], edges[index, best]
    return centres


def _crossings(
    anchor: np.ndarray, places: np.ndarray, edges: np.ndarray, anchors: np.ndarray, centres: np.ndarray,
    placed: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Return how many leaders and labels that stand already are crossed from each place, shape (places,)."""
    crossed = _meet(anchor, places[:, None], anchors, centres).astype(int)
    for first, second in (((0, 1), (2, 3)), ((0, 3), (2, 1))):
        crossed += _meet(anchor, places[:, None], placed[:, first], placed[:, second])
        crossed += _meet(edges[:, None, first], edges[:, None, second], anchors, centres)
    return crossed.sum(axis=1)


def _meet(start: np.ndarray, end: np.ndarray, other_start: np.ndarray, other_end: np.ndarray) -> np.ndarray:
    """Tell which lines cross which others between their ends; all of shape (…, 2), broadcast against each other."""
    way, other_way, apart = end - start, other_end - other_start, other_start - start
    turn = way[..., 0] * other_way[..., 1] - way[..., 1] * other_way[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        along = (apart[..., 0] * other_way[..., 1] - apart[..., 1] * other_way[..., 0]) / turn
        other_along = (apart[..., 0] * way[..., 1] - apart[..., 1] * way[..., 0]) / turn
    return (along > 0) & (along < 1) & (other_along > 0) & (other_along < 1)


def _cost_alone(
    anchors: np.ndarray, places: np.ndarray, edges: np.ndarray, coverage: Coverage, chart: tuple[float, float]
) -> np.ndarray:
    """Return what every place of every label would cost if it were the only label, shape (n, places)."""
    nearness = (DISTANCES[:, None] * 0.5 + np.arange(len(ANGLES)) * 0.15).ravel()
    covered = coverage.within(edges[..., 0], edges[..., 1], edges[..., 2], edges[..., 3])
    outside = (edges[..., :2] < 0).any(axis=-1) | (edges[..., 2:] > chart).any(axis=-1)
    starts = np.broadcast_to(anchors[:, None, :], places.shape)
    return (
        nearness
        + POINT_COST * np.minimum(covered, 40)
        + OUTSIDE_COST * outside
        + LEADER_COST * coverage.along(starts, places)
    )
