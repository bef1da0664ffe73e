#ifndef FILES_H
#define FILES_H

#include <purple.h>

/* Tells of files that are offered, and what becomes of them. */
void files_install(void);

/* What a person does with files; the words of a command, the first is its name. */
void files_proxies(PurpleAccount *account, char **words);
void files_no_listening(PurpleAccount *account, char **words);
void files_save_in(PurpleAccount *account, char **words);
void files_send(PurpleAccount *account, char **words);

#endif
