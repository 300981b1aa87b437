"""The console client; over the wire where its behaviour is."""
