"""`python -m podium.reader`, with the conductor's socket as standard input."""

from podium.reader.zygote import main

if __name__ == "__main__":
    main()
