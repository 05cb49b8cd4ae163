"""`verify`: whether every table and page of a folder follows from its raw samples and records."""
