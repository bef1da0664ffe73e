#include "files.h"

#include <stdio.h>
#include <stdlib.h>

#include "events.h"

/* Where files that are offered are saved; NULL: they are refused. */
static char *folder = NULL;

/* proxies ADDRESSES: "File transfer proxies" of the account's settings; holds from the next login. */
void files_proxies(PurpleAccount *account, char **words)
{
    purple_account_set_string(account, "ft_proxies", words[1]);
}

/* no-listening PORT: the client may listen at this port only, which the test has taken: as behind a firewall. */
void files_no_listening(PurpleAccount *account, char **words)
{
    (void)account;
    purple_prefs_set_bool("/purple/network/ports_range_use", TRUE);
    purple_prefs_set_int("/purple/network/ports_range_start", atoi(words[1]));
    purple_prefs_set_int("/purple/network/ports_range_end", atoi(words[1]));
}

/* save-in FOLDER: files are accepted from now on. */
void files_save_in(PurpleAccount *account, char **words)
{
    (void)account;
    g_free(folder);
    folder = g_strdup(words[1]);
}

/* send-file WHO FILE */
void files_send(PurpleAccount *account, char **words)
{
    serv_send_file(purple_account_get_connection(account), words[1], words[2]);
}

static void tell_about(const char *event, PurpleXfer *xfer)
{
    char *size = g_strdup_printf("%" G_GSIZE_FORMAT, purple_xfer_get_size(xfer));
    tell(event, "who", purple_xfer_get_remote_user(xfer), "name", purple_xfer_get_filename(xfer), "size", size, "file",
         purple_xfer_get_local_filename(xfer), NULL);
    g_free(size);
}

static void offered(PurpleXfer *xfer)
{
    tell_about("file-offered", xfer);
    if (folder == NULL) {
        xfer->status = PURPLE_XFER_STATUS_CANCEL_LOCAL;
        return;
    }
    char *file = g_build_filename(folder, purple_xfer_get_filename(xfer), NULL);
    purple_xfer_request_accepted(xfer, file);
    g_free(file);
}

static void told(PurpleXfer *xfer, gpointer event)
{
    fflush(NULL); /* libpurple tells of the end before it closes the file */
    tell_about(event, xfer);
}

void files_install(void)
{
    static int handle;
    void *transfers = purple_xfers_get_handle();
    purple_signal_connect(transfers, "file-recv-request", &handle, PURPLE_CALLBACK(offered), NULL);
    purple_signal_connect(transfers, "file-recv-complete", &handle, PURPLE_CALLBACK(told), "file-received");
    purple_signal_connect(transfers, "file-send-complete", &handle, PURPLE_CALLBACK(told), "file-sent");
    purple_signal_connect(transfers, "file-recv-cancel", &handle, PURPLE_CALLBACK(told), "file-cancelled");
    purple_signal_connect(transfers, "file-send-cancel", &handle, PURPLE_CALLBACK(told), "file-cancelled");
}
