"""Records that outlive a process: verdict, trace, failure, outcome. Nothing here imports the code that makes them."""
