/*
 * An XMPP client on libpurple, the library of Pidgin and Finch, for tests: commands come on standard input (commands.h),
 * what happens goes to standard output (events.h). It ends with its standard input.
 *
 * Usage: client FOLDER ADDRESS PASSWORD SERVER PORT SECURITY [CA-FOLDER]
 * FOLDER is libpurple's own; SECURITY is require_tls or old_ssl, as libpurple calls them.
 */
#include <purple.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "events.h"
#include "files.h"
#include "rooms.h"
#include "screen.h"

#define UI "parloir-tests"

typedef struct {
    PurpleInputFunction function;
    gpointer data;
} Watch;

static gboolean watched(GIOChannel *channel, GIOCondition condition, gpointer data)
{
    Watch *watch = data;
    PurpleInputCondition purple = 0;
    if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
        purple |= PURPLE_INPUT_READ;
    if (condition & (G_IO_OUT | G_IO_HUP | G_IO_ERR | G_IO_NVAL))
        purple |= PURPLE_INPUT_WRITE;
    watch->function(watch->data, g_io_channel_unix_get_fd(channel), purple);
    return TRUE;
}

static guint watch_input(int file, PurpleInputCondition condition, PurpleInputFunction function, gpointer data)
{
    Watch *watch = g_new0(Watch, 1);
    GIOCondition wanted = 0;
    GIOChannel *channel = g_io_channel_unix_new(file);
    watch->function = function;
    watch->data = data;
    if (condition & PURPLE_INPUT_READ)
        wanted |= G_IO_IN | G_IO_HUP | G_IO_ERR;
    if (condition & PURPLE_INPUT_WRITE)
        wanted |= G_IO_OUT | G_IO_HUP | G_IO_ERR | G_IO_NVAL;
    guint source = g_io_add_watch_full(channel, G_PRIORITY_DEFAULT, wanted, watched, watch, g_free);
    g_io_channel_unref(channel);
    return source;
}

static PurpleEventLoopUiOps loop = {.timeout_add = g_timeout_add,
                                    .timeout_remove = g_source_remove,
                                    .input_add = watch_input,
                                    .input_remove = g_source_remove,
                                    .timeout_add_seconds = g_timeout_add_seconds};
static PurpleCoreUiOps core = {.ui_init = screen_install};

static void xml_received(PurpleConnection *connection, xmlnode **packet)
{
    (void)connection;
    if (*packet == NULL)
        return;
    char *text = xmlnode_to_str(*packet, NULL);
    tell("xml-received", "text", text, NULL);
    g_free(text);
}

static void xml_sent(PurpleConnection *connection, char **text)
{
    (void)connection;
    tell("xml-sent", "text", *text, NULL);
}

static void buddy_status(PurpleBuddy *buddy, PurpleStatus *old, PurpleStatus *status)
{
    (void)old;
    tell("buddy-status", "who", purple_buddy_get_name(buddy), "status", purple_status_get_id(status), "message",
         purple_status_get_attr_string(status, "message"), NULL);
}

static void buddy_arrived(PurpleBuddy *buddy)
{
    tell("buddy-signed-on", "who", purple_buddy_get_name(buddy), NULL);
}

static void buddy_left(PurpleBuddy *buddy)
{
    tell("buddy-signed-off", "who", purple_buddy_get_name(buddy), NULL);
}

static void buddy_icon(PurpleBuddy *buddy)
{
    PurpleBuddyIcon *icon = purple_buddy_get_icon(buddy);
    const char *checksum = icon == NULL ? NULL : purple_buddy_icon_get_checksum(icon);
    tell("buddy-icon", "who", purple_buddy_get_name(buddy), "checksum", checksum, NULL);
}

static void buddy_typing(PurpleAccount *account, const char *who)
{
    (void)account;
    tell("buddy-typing", "who", who, NULL);
}

static void listen_to_signals(void)
{
    static int handle;
    PurplePlugin *protocol = purple_find_prpl("prpl-jabber");
    if (protocol == NULL) {
        tell("failed", "why", "libpurple has no XMPP", NULL);
        exit(1);
    }
    purple_signal_connect(protocol, "jabber-receiving-xmlnode", &handle, PURPLE_CALLBACK(xml_received), NULL);
    purple_signal_connect(protocol, "jabber-sending-text", &handle, PURPLE_CALLBACK(xml_sent), NULL);
    purple_signal_connect(purple_blist_get_handle(), "buddy-status-changed", &handle, PURPLE_CALLBACK(buddy_status),
                          NULL);
    purple_signal_connect(purple_blist_get_handle(), "buddy-signed-on", &handle, PURPLE_CALLBACK(buddy_arrived), NULL);
    purple_signal_connect(purple_blist_get_handle(), "buddy-signed-off", &handle, PURPLE_CALLBACK(buddy_left), NULL);
    purple_signal_connect(purple_blist_get_handle(), "buddy-icon-changed", &handle, PURPLE_CALLBACK(buddy_icon), NULL);
    purple_signal_connect(purple_conversations_get_handle(), "buddy-typing", &handle, PURPLE_CALLBACK(buddy_typing),
                          NULL);
}

static PurpleAccount *make_account(char **words)
{
    PurpleAccount *account = purple_account_new(words[2], "prpl-jabber");
    purple_account_set_remember_password(account, TRUE);
    purple_account_set_password(account, words[3]);
    purple_account_set_string(account, "connect_server", words[4]);
    purple_account_set_int(account, "port", atoi(words[5]));
    purple_account_set_string(account, "connection_security", words[6]);
    purple_accounts_add(account);
    return account;
}

static gboolean command_line(GIOChannel *input, GIOCondition condition, gpointer data)
{
    (void)condition;
    char *line = NULL;
    gsize end = 0;
    GIOStatus status = g_io_channel_read_line(input, &line, NULL, &end, NULL);
    if (status == G_IO_STATUS_NORMAL && line != NULL) {
        line[end] = '\0';
        obey(data, line);
    }
    g_free(line);
    if (status != G_IO_STATUS_EOF && status != G_IO_STATUS_ERROR)
        return TRUE;
    purple_core_quit();
    exit(0);
}

int main(int count, char **words)
{
    if (count < 7)
        return 2;
    purple_util_set_user_dir(words[1]);
    purple_debug_set_enabled(FALSE);
    purple_core_set_ui_ops(&core);
    purple_eventloop_set_ui_ops(&loop);
    if (!purple_core_init(UI))
        return 1;
    if (count > 7)
        purple_certificate_add_ca_search_path(words[7]);
    purple_set_blist(purple_blist_new());
    listen_to_signals();
    rooms_install();
    files_install();
    PurpleAccount *account = make_account(words);
    GIOChannel *input = g_io_channel_unix_new(STDIN_FILENO);
    g_io_add_watch(input, G_IO_IN | G_IO_HUP, command_line, account);
    purple_account_set_enabled(account, UI, TRUE);
    purple_savedstatus_activate(purple_savedstatus_new(NULL, PURPLE_STATUS_AVAILABLE));
    g_main_loop_run(g_main_loop_new(NULL, FALSE));
    return 0;
}
