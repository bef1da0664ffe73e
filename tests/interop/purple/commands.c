#include "commands.h"

#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "files.h"
#include "forms.h"
#include "returning.h"
#include "rooms.h"
#include "screen.h"

enum { MOST_WORDS = 5 };

static void do_status(PurpleAccount *account, char **words)
{
    if (words[2] != NULL)
        purple_account_set_status(account, words[1], TRUE, "message", words[2], NULL);
    else
        purple_account_set_status(account, words[1], TRUE, NULL);
}

/* add WHO ALIAS GROUP */
static void do_add(PurpleAccount *account, char **words)
{
    const char *group_name = words[3] != NULL ? words[3] : "Buddies";
    PurpleGroup *group = purple_find_group(group_name);
    if (group == NULL) {
        group = purple_group_new(group_name);
        purple_blist_add_group(group, NULL);
    }
    PurpleBuddy *buddy = purple_buddy_new(account, words[1], words[2]);
    purple_blist_add_buddy(buddy, NULL, group, NULL);
    purple_account_add_buddy_with_invite(account, buddy, NULL);
}

static void do_remove(PurpleAccount *account, char **words)
{
    PurpleBuddy *buddy = purple_find_buddy(account, words[1]);
    if (buddy == NULL) {
        tell("failed", "why", "no such buddy", NULL);
        return;
    }
    purple_account_remove_buddy(account, buddy, purple_buddy_get_group(buddy));
    purple_blist_remove_buddy(buddy);
}

/* buddy WHO: tells what is known. */
static void do_buddy(PurpleAccount *account, char **words)
{
    PurpleBuddy *buddy = purple_find_buddy(account, words[1]);
    if (buddy == NULL) {
        tell("buddy", "who", words[1], "known", "no", NULL);
        return;
    }
    PurplePresence *presence = purple_buddy_get_presence(buddy);
    PurpleStatus *status = purple_presence_get_active_status(presence);
    tell("buddy", "who", words[1], "known", "yes", "alias", purple_buddy_get_alias(buddy), "group",
         purple_group_get_name(purple_buddy_get_group(buddy)), "online",
         purple_presence_is_online(presence) ? "yes" : "no", "status", purple_status_get_id(status), "message",
         purple_status_get_attr_string(status, "message"), NULL);
}

/* say WHO HTML */
static void do_say(PurpleAccount *account, char **words)
{
    PurpleConversation *conversation =
        purple_find_conversation_with_account(PURPLE_CONV_TYPE_IM, words[1], account);
    if (conversation == NULL)
        conversation = purple_conversation_new(PURPLE_CONV_TYPE_IM, account, words[1]);
    purple_conv_im_send(PURPLE_CONV_IM(conversation), words[2]);
}

static void do_typing(PurpleAccount *account, char **words)
{
    serv_send_typing(purple_account_get_connection(account), words[1], PURPLE_TYPING);
}

static void do_information(PurpleAccount *account, char **words)
{
    serv_get_info(purple_account_get_connection(account), words[1]);
}

/* card XML: publishes a vCard. */
static void do_card(PurpleAccount *account, char **words)
{
    purple_account_set_user_info(account, words[1]);
    serv_set_info(purple_account_get_connection(account), words[1]);
}

/* icon FILE: publishes a picture. */
static void do_icon(PurpleAccount *account, char **words)
{
    guchar *picture = NULL;
    gsize size = 0;
    if (!g_file_get_contents(words[1], (char **)&picture, &size, NULL)) {
        tell("failed", "why", "no such file", NULL);
        return;
    }
    purple_buddy_icons_set_account_icon(account, picture, size); /* takes the picture */
}

static void do_block(PurpleAccount *account, char **words)
{
    purple_privacy_deny_add(account, words[1], FALSE);
}

static void do_unblock(PurpleAccount *account, char **words)
{
    purple_privacy_deny_remove(account, words[1], FALSE);
}

static void do_allow(PurpleAccount *account, char **words)
{
    (void)account;
    if (!screen_authorize(words[1], TRUE))
        tell("failed", "why", "not asked", NULL);
}

static void do_refuse(PurpleAccount *account, char **words)
{
    (void)account;
    if (!screen_authorize(words[1], FALSE))
        tell("failed", "why", "not asked", NULL);
}

/* answer NUMBER: presses a button, from 0. */
static void do_answer(PurpleAccount *account, char **words)
{
    (void)account;
    if (!screen_answer((guint)atoi(words[1])))
        tell("failed", "why", "no such question or button", NULL);
}

/* xml TEXT: sends it as it is. */
static void do_xml(PurpleAccount *account, char **words)
{
    PurpleConnection *connection = purple_account_get_connection(account);
    PurplePlugin *protocol = purple_connection_get_prpl(connection);
    PURPLE_PLUGIN_PROTOCOL_INFO(protocol)->send_raw(connection, words[1], (int)strlen(words[1]));
}

static void do_sign_off(PurpleAccount *account, char **words)
{
    (void)words;
    purple_account_set_enabled(account, purple_core_get_ui(), FALSE);
}

static void do_sign_on(PurpleAccount *account, char **words)
{
    (void)words;
    purple_account_set_enabled(account, purple_core_get_ui(), TRUE);
}

/* menu LABEL: chooses what begins so in the menu of the account. */
static void do_menu(PurpleAccount *account, char **words)
{
    PurpleConnection *connection = purple_account_get_connection(account);
    PurplePlugin *protocol = purple_connection_get_prpl(connection);
    gboolean found = FALSE;
    GList *actions = PURPLE_PLUGIN_ACTIONS(protocol, connection);
    for (GList *at = actions; at != NULL; at = at->next) {
        PurplePluginAction *action = at->data;
        if (action == NULL)
            continue;
        action->plugin = protocol;
        action->context = connection;
        if (!found && g_str_has_prefix(action->label, words[1])) {
            found = TRUE;
            action->callback(action);
        }
        purple_plugin_action_free(action);
    }
    g_list_free(actions);
    if (!found)
        tell("failed", "why", "no such action", NULL);
}

/* enter TEXT: answers a question for a line of text; without TEXT, with what is proposed. */
static void do_enter(PurpleAccount *account, char **words)
{
    (void)account;
    if (!forms_enter(words[1]))
        tell("failed", "why", "not asked", NULL);
}

/* fill FIELD TEXT: in the open form. */
static void do_fill(PurpleAccount *account, char **words)
{
    (void)account;
    if (!forms_fill(words[1], words[2]))
        tell("failed", "why", "no such form or field", NULL);
}

static void do_submit(PurpleAccount *account, char **words)
{
    (void)account;
    (void)words;
    if (!forms_submit())
        tell("failed", "why", "no form", NULL);
}

static void do_cancel(PurpleAccount *account, char **words)
{
    (void)account;
    (void)words;
    if (!forms_cancel())
        tell("failed", "why", "no form", NULL);
}

typedef struct {
    const char *name;
    int least_words;
    void (*action)(PurpleAccount *account, char **words);
} Command;

static const Command commands[] = {
    {"status", 1, do_status},           {"add", 1, do_add},           {"remove", 1, do_remove},
    {"buddy", 1, do_buddy},             {"say", 2, do_say},           {"typing", 1, do_typing},
    {"information", 1, do_information}, {"block", 1, do_block},       {"unblock", 1, do_unblock},
    {"allow", 1, do_allow},             {"refuse", 1, do_refuse},     {"answer", 1, do_answer},
    {"card", 1, do_card},               {"icon", 1, do_icon},
    {"menu", 1, do_menu},               {"enter", 0, do_enter},       {"fill", 2, do_fill},
    {"rooms", 0, rooms_list},           {"join", 3, rooms_join},      {"speak", 2, rooms_speak},
    {"proxies", 1, files_proxies},      {"save-in", 1, files_save_in}, {"send-file", 2, files_send},
    {"no-listening", 1, files_no_listening},
    {"cancel", 0, do_cancel},           {"return", 0, returning_begin},
    {"submit", 0, do_submit},           {"xml", 1, do_xml},                 {"sign-off", 0, do_sign_off}, {"sign-on", 0, do_sign_on},
};

void obey(PurpleAccount *account, const char *line)
{
    char **words = g_strsplit(line, "\t", MOST_WORDS);
    guint count = g_strv_length(words);
    gboolean known = FALSE;
    for (guint at = 0; at < count; at++) {
        char *plain = g_strcompress(words[at]);
        g_free(words[at]);
        words[at] = plain;
    }
    for (size_t at = 0; at < G_N_ELEMENTS(commands) && !known; at++) {
        known = purple_strequal(commands[at].name, words[0]) && (int)count > commands[at].least_words;
        if (known)
            commands[at].action(account, words);
    }
    if (!known)
        tell("failed", "why", "no such command", NULL);
    g_strfreev(words);
}
