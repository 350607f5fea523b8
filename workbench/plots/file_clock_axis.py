"""An axis of dates and times of day in the clock of a file, whose zone nobody knows."""

from collections import OrderedDict

import numpy as np
import pyqtgraph as pg
from pyqtgraph.graphicsItems.DateAxisItem import (
    DAY_SPACING,
    HMS_ZOOM_LEVEL,
    HOUR_SPACING,
    MINUTE_SPACING,
    YEAR_MONTH_ZOOM_LEVEL,
    TickSpec,
    ZoomLevel,
    makeSStepper,
)

_DAY, _TIME = "%d %b", "%H:%M"
_WIDEST = "00 MMM"
# A day without its month could be of any: "08" says nothing.
_DAYS = ZoomLevel([TickSpec(DAY_SPACING, makeSStepper(DAY_SPACING), _DAY, autoSkip=[1, 5])], _WIDEST)
_HOURS = ZoomLevel(
    [
        TickSpec(DAY_SPACING, makeSStepper(DAY_SPACING), _DAY),
        TickSpec(HOUR_SPACING, makeSStepper(HOUR_SPACING), _TIME, autoSkip=[1, 3, 6]),
    ],
    _WIDEST,
)
_MINUTES = ZoomLevel(
    [
        TickSpec(DAY_SPACING, makeSStepper(DAY_SPACING), _DAY),
        TickSpec(MINUTE_SPACING, makeSStepper(MINUTE_SPACING), _TIME, autoSkip=[1, 5, 15]),
    ],
    _WIDEST,
)


class FileClockAxis(pg.DateAxisItem):
    """Names days with their months, whatever is in sight."""

    def __init__(self) -> None:
        super().__init__("bottom", utcOffset=0, maxTickLength=-4)
        self.enableAutoSIPrefix(False)
        # From so many seconds between two ticks on, the coarser one is taken.
        self.zoomLevels = OrderedDict(
            [
                (np.inf, YEAR_MONTH_ZOOM_LEVEL),
                (5 * DAY_SPACING, _DAYS),
                (6 * HOUR_SPACING, _HOURS),
                (15 * MINUTE_SPACING, _MINUTES),
                (30, HMS_ZOOM_LEVEL),
            ]
        )
