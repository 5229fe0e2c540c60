"""`buurtstem replay`: a real election of others, cast through the whole dialogue and counted."""
