"""Where the compiling process begins (see child.py): nothing of what is imported is garbage, and
looking for some takes a fifth of the time that the imports do."""

from __future__ import annotations

import gc

if __name__ == "__main__":
    gc.disable()
    from campaigns.content.child import serve

    serve()
