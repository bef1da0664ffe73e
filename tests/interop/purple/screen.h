/* What libpurple wants to show to a person: it is told as events, and commands answer its questions. */
#ifndef SCREEN_H
#define SCREEN_H

#include <purple.h>

/* To be called when libpurple's core starts. */
void screen_install(void);

/* Allows or refuses what somebody asked for with a subscription; FALSE if there is no such question. */
gboolean screen_authorize(const char *who, gboolean allowed);

/* Presses a button of the oldest open question; FALSE if there is none. */
gboolean screen_answer(guint button);

#endif
