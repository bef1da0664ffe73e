#include "screen.h"

#include <stdarg.h>

#include "events.h"
#include "forms.h"

enum { MOST_BUTTONS = 8 };

typedef struct {
    char *who;
    PurpleAccountRequestAuthorizationCb allow;
    PurpleAccountRequestAuthorizationCb refuse;
    void *data;
} Authorization;

typedef struct {
    guint count;
    PurpleRequestActionCb pressed[MOST_BUTTONS];
    void *data;
} Question;

static GList *authorizations = NULL;
static GList *questions = NULL;

static void *request_authorize(PurpleAccount *account, const char *who, const char *id, const char *alias,
                               const char *message, gboolean on_list, PurpleAccountRequestAuthorizationCb allow,
                               PurpleAccountRequestAuthorizationCb refuse, void *data)
{
    (void)account;
    (void)id;
    (void)alias;
    Authorization *asked = g_new0(Authorization, 1);
    asked->who = g_strdup(who);
    asked->allow = allow;
    asked->refuse = refuse;
    asked->data = data;
    authorizations = g_list_append(authorizations, asked);
    tell("authorization-asked", "who", who, "message", message, "known", on_list ? "yes" : "no", NULL);
    return asked;
}

static void close_authorization(void *handle)
{
    Authorization *asked = handle;
    authorizations = g_list_remove(authorizations, asked);
    g_free(asked->who);
    g_free(asked);
}

gboolean screen_authorize(const char *who, gboolean allowed)
{
    for (GList *at = authorizations; at != NULL; at = at->next) {
        Authorization *asked = at->data;
        if (!purple_strequal(asked->who, who))
            continue;
        (allowed ? asked->allow : asked->refuse)(asked->data);
        return TRUE;
    }
    return FALSE;
}

static void *request_action(const char *title, const char *primary, const char *secondary, int usual,
                            PurpleAccount *account, const char *who, PurpleConversation *conversation, void *data,
                            size_t count, va_list buttons)
{
    (void)usual;
    (void)account;
    (void)who;
    (void)conversation;
    Question *question = g_new0(Question, 1);
    GString *labels = g_string_new(NULL);
    question->data = data;
    for (size_t at = 0; at < count; at++) {
        const char *label = va_arg(buttons, const char *);
        PurpleRequestActionCb pressed = va_arg(buttons, PurpleRequestActionCb);
        if (question->count < MOST_BUTTONS)
            question->pressed[question->count++] = pressed;
        g_string_append_printf(labels, "%s%s", at == 0 ? "" : "|", label);
    }
    questions = g_list_append(questions, question);
    tell("question", "title", title, "primary", primary, "secondary", secondary, "buttons", labels->str, NULL);
    g_string_free(labels, TRUE);
    return question;
}

static void close_request(PurpleRequestType type, void *handle)
{
    if (type == PURPLE_REQUEST_INPUT || type == PURPLE_REQUEST_FIELDS) {
        forms_close(type, handle);
        return;
    }
    questions = g_list_remove(questions, handle);
    g_free(handle);
}

gboolean screen_answer(guint button)
{
    Question *question = questions == NULL ? NULL : questions->data;
    if (question == NULL || button >= question->count)
        return FALSE;
    PurpleRequestActionCb pressed = question->pressed[button];
    void *data = question->data;
    purple_request_close(PURPLE_REQUEST_ACTION, question);
    if (pressed != NULL)
        pressed(data, (int)button);
    return TRUE;
}

static void *notify_message(PurpleNotifyMsgType type, const char *title, const char *primary, const char *secondary)
{
    const char *kind = type == PURPLE_NOTIFY_MSG_ERROR ? "error" : "information";
    tell("notice", "kind", kind, "title", title, "primary", primary, "secondary", secondary, NULL);
    return NULL;
}

static void *notify_formatted(const char *title, const char *primary, const char *secondary, const char *text)
{
    tell("notice", "kind", "text", "title", title, "primary", primary, "secondary", secondary, "text", text, NULL);
    return NULL;
}

static void *notify_userinfo(PurpleConnection *connection, const char *who, PurpleNotifyUserInfo *info)
{
    (void)connection;
    char *text = purple_notify_user_info_get_text_with_newline(info, "\n");
    tell("information", "who", who, "text", text, NULL);
    g_free(text);
    return NULL;
}

static void write_conversation(PurpleConversation *conversation, const char *name, const char *alias,
                               const char *message, PurpleMessageFlags flags, time_t when)
{
    (void)alias;
    const char *kind = flags & PURPLE_MESSAGE_ERROR    ? "error"
                       : flags & PURPLE_MESSAGE_SYSTEM ? "system"
                       : flags & PURPLE_MESSAGE_RECV   ? "received"
                       : flags & PURPLE_MESSAGE_SEND   ? "sent"
                                                       : "other";
    char *plain = purple_markup_strip_html(message);
    char *stamp = g_strdup_printf("%ld", (long)when);
    tell("message", "kind", kind, "with", purple_conversation_get_name(conversation), "name", name, "html", message,
         "text", plain, "delayed", flags & PURPLE_MESSAGE_DELAYED ? "yes" : "no", "time", stamp, NULL);
    g_free(stamp);
    g_free(plain);
}

static void write_im(PurpleConversation *conversation, const char *who, const char *message, PurpleMessageFlags flags,
                     time_t when)
{
    write_conversation(conversation, who, NULL, message, flags, when);
}

static void connected(PurpleConnection *connection)
{
    PurpleAccount *account = purple_connection_get_account(connection);
    tell("signed-on", "account", purple_account_get_username(account), "name",
         purple_connection_get_display_name(connection), NULL);
}

static void disconnected(PurpleConnection *connection)
{
    tell("signed-off", "account", purple_account_get_username(purple_connection_get_account(connection)), NULL);
}

static void connection_failed(PurpleConnection *connection, PurpleConnectionError reason, const char *text)
{
    (void)connection;
    char *number = g_strdup_printf("%d", (int)reason);
    tell("connection-error", "reason", number, "text", text, "fatal",
         purple_connection_error_is_fatal(reason) ? "yes" : "no", NULL);
    g_free(number);
}

void screen_install(void)
{
    static PurpleAccountUiOps accounts = {.request_authorize = request_authorize,
                                          .close_account_request = close_authorization};
    static PurpleRequestUiOps requests = {.request_action = request_action,
                                          .request_input = forms_request_input,
                                          .request_fields = forms_request_fields,
                                          .close_request = close_request};
    static PurpleNotifyUiOps notices = {.notify_message = notify_message,
                                        .notify_formatted = notify_formatted,
                                        .notify_searchresults = forms_notify_results,
                                        .notify_userinfo = notify_userinfo};
    static PurpleConversationUiOps conversations = {.write_im = write_im, .write_conv = write_conversation};
    static PurpleConnectionUiOps connections = {.connected = connected,
                                                .disconnected = disconnected,
                                                .report_disconnect_reason = connection_failed};
    purple_accounts_set_ui_ops(&accounts);
    purple_request_set_ui_ops(&requests);
    purple_notify_set_ui_ops(&notices);
    purple_conversations_set_ui_ops(&conversations);
    purple_connections_set_ui_ops(&connections);
}
