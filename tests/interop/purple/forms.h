/* Questions with text to fill in, and lists that are shown: "search for users" needs both. */
#ifndef FORMS_H
#define FORMS_H

#include <purple.h>

/* Parts of libpurple's interface, to be put into PurpleRequestUiOps and PurpleNotifyUiOps. */
void *forms_request_input(const char *title, const char *primary, const char *secondary, const char *value,
                          gboolean multiline, gboolean masked, gchar *hint, const char *ok, GCallback entered,
                          const char *cancel, GCallback cancelled, PurpleAccount *account, const char *who,
                          PurpleConversation *conversation, void *data);
void *forms_request_fields(const char *title, const char *primary, const char *secondary, PurpleRequestFields *fields,
                           const char *ok, GCallback submitted, const char *cancel, GCallback cancelled,
                           PurpleAccount *account, const char *who, PurpleConversation *conversation, void *data);
void *forms_notify_results(PurpleConnection *connection, const char *title, const char *primary, const char *secondary,
                           PurpleNotifySearchResults *results, gpointer data);

/* To be called when libpurple closes a question of these kinds. */
void forms_close(PurpleRequestType type, void *handle);

/* Answers the open question for a line of text with what it proposes, or with this; FALSE if there is none. */
gboolean forms_enter(const char *text);

/*
 * Writes into a field of the open form: a text, 1 or 0 for a box, the label of a choice. FALSE if there is no such form,
 * field or choice.
 */
gboolean forms_fill(const char *field, const char *text);

/* Presses OK in the open form; FALSE if there is none. */
gboolean forms_submit(void);

/* Presses Cancel in it. */
gboolean forms_cancel(void);

#endif
