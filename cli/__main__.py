"""`python -m cli` is `yijiantong`."""

from cli import main

main()
