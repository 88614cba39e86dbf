"""The built files of what not every page has: fetched once a page has one."""

from __future__ import annotations

ELEMENTS = {
    "job-progress[in-tab]": "realtime/sign.js",
    "job-inbox": "realtime/inbox.js",
    "job-toasts": "realtime/inbox.js",
    "job-tree": "realtime/tree.js",
    "job-tray": "realtime/tray.js",
    "job-log": "realtime/log.js",
    "job-dashboard": "realtime/dashboard.js",
    "headway-chart": "realtime/charts.js",
}
"""By selector."""
