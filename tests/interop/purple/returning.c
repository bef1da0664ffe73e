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

/* Some errors libpurple takes for final: a connection that ends before the header of its stream. A person tries again. */
static void lost(PurpleConnection *connection, PurpleConnectionError reason, const char *text)
{
    (void)reason;
    (void)text;
    purple_timeout_add(PAUSE, dial, purple_connection_get_account(connection));
}

void returning_begin(PurpleAccount *account, char **words)
{
    static int handle;
    (void)account;
    (void)words;
    purple_signal_connect(purple_connections_get_handle(), "connection-error", &handle, PURPLE_CALLBACK(lost), NULL);
}
