#include "returning.h"

/* Milliseconds; Pidgin takes its time. */
enum { PAUSE = 50 };

static gboolean dial(gpointer data)
{
    PurpleAccount *account = data;
    if (purple_account_is_disconnected(account))
        purple_account_connect(account);
    return FALSE;
}

static void lost(PurpleAccount *account, PurpleConnectionError reason, const char *text)
{
    (void)text;
    if (!purple_connection_error_is_fatal(reason))
        purple_timeout_add(PAUSE, dial, account);
}

void returning_begin(PurpleAccount *account, char **words)
{
    static int handle;
    (void)account;
    (void)words;
    purple_signal_connect(purple_connections_get_handle(), "connection-error", &handle, PURPLE_CALLBACK(lost), NULL);
}
