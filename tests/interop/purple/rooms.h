#ifndef ROOMS_H
#define ROOMS_H

#include <purple.h>

/* What a person does with rooms; the words of a command, the first is its name. */
void rooms_list(PurpleAccount *account, char **words);
void rooms_join(PurpleAccount *account, char **words);
void rooms_speak(PurpleAccount *account, char **words);

/* Shows rooms that are listed. */
void rooms_install(void);

#endif
