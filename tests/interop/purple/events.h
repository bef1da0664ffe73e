/* What the client tells: JSON objects, one a line, on standard output. */
#ifndef EVENTS_H
#define EVENTS_H

/* Prints {"event": name, key: value, …}: pairs of strings up to NULL; a NULL value is left out. */
void tell(const char *name, ...) __attribute__((sentinel));

#endif
