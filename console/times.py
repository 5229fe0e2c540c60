"""How long things last, in milliseconds."""

MINUTE = 60_000
IDLE = 60 * MINUTE  # a session that is not used
LONGEST = 12 * 60 * MINUTE  # a session, however much it is used: a working day
HALFWAY = 10 * MINUTE  # between the password and the code
WINDOW = 15 * MINUTE  # in which attempts to sign in are counted
