#ifndef RETURNING_H
#define RETURNING_H

#include <purple.h>

/* return: from now on it comes back whenever its connection is lost, as Pidgin does, but sooner. */
void returning_begin(PurpleAccount *account, char **words);

#endif
