"""`python -m lsp_server`: the language server over standard input and output."""

import gc
import logging
import os
import sys


def main() -> None:
    """Serve one client until it says exit or goes away."""
    # Frames go to a descriptor of their own before anything else is imported: one stray print
    # would corrupt the stream.
    frames = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    logging.basicConfig(
        level=os.environ.get("TOKENBLAME_LSP_LOG", "WARNING").upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )

    # What is imported stays. A search for garbage in all of it takes 30 ms: it must delay neither
    # the start nor, later, anything else.
    gc.disable()
    from lsp_server.server import create_server

    server = create_server()
    gc.freeze()
    gc.enable()
    server.start_io(stdout=frames)


if __name__ == "__main__":
    main()
