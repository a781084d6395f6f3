"""CodeDance's loop as a model of other evaluation programs; they are imported only when they ask for it."""
