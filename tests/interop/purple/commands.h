/* What the client is told to do: lines of words that tabs separate; \t, \n and \\ stand for themselves in a word. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <purple.h>

/* Obeys one line. */
void obey(PurpleAccount *account, const char *line);

#endif
