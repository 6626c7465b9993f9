"""The formats of recordings, one module each; `registry` lists them."""
