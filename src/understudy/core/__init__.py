"""What everything else stands on: errors, time, ids, settings, text formats. Knows no HTTP."""
