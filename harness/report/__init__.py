"""The same tables for the terminal (`terminal`) and for `report.md` (`markdown`); `rows` builds their cells."""
