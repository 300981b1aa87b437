"""The page in the browser, without a browser: its files, and its pure modules in Node."""
