"""What Daphne forgets: the reason of a close."""

from __future__ import annotations

import sys
from typing import Any


def mend_daphne() -> None:
    """Let Daphne send the reasons that an application gives for a close, if this process is one.

    It passes on the code alone, and browsers would not learn when to come back.
    """
    module = sys.modules.get("daphne.ws_protocol")
    if module is None:
        return
    protocol: Any = module.WebSocketProtocol
    reply = protocol.handle_reply

    def handle_reply(self: Any, message: dict[str, Any]) -> None:
        is_open = self.state == self.STATE_OPEN
        if is_open and message["type"] == "websocket.close" and message.get("reason"):
            self.sendClose(code=message.get("code", 1000), reason=message["reason"])
        else:
            reply(self, message)

    protocol.handle_reply = handle_reply
