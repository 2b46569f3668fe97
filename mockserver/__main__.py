"""`python -m mockserver` is the `mockserver` command."""

from mockserver.cli.main import main

if __name__ == "__main__":  # a spawned worker imports this module too
    main()
