#include "rooms.h"

#include "events.h"

/* rooms: "List of rooms"; asks for the service, then tells each room. */
void rooms_list(PurpleAccount *account, char **words)
{
    (void)words;
    if (purple_roomlist_get_list(purple_account_get_connection(account)) == NULL)
        tell("failed", "why", "no list of rooms", NULL);
}

/* join ROOM SERVICE NICK */
void rooms_join(PurpleAccount *account, char **words)
{
    GHashTable *components = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_insert(components, g_strdup("room"), g_strdup(words[1]));
    g_hash_table_insert(components, g_strdup("server"), g_strdup(words[2]));
    g_hash_table_insert(components, g_strdup("handle"), g_strdup(words[3]));
    serv_join_chat(purple_account_get_connection(account), components);
    g_hash_table_destroy(components);
}

/* speak ROOM TEXT: ROOM is its whole address. */
void rooms_speak(PurpleAccount *account, char **words)
{
    PurpleConversation *room = purple_find_conversation_with_account(PURPLE_CONV_TYPE_CHAT, words[1], account);
    if (room == NULL)
        tell("failed", "why", "not in that room", NULL);
    else
        purple_conv_chat_send(PURPLE_CONV_CHAT(room), words[2]);
}

static void add_room(PurpleRoomlist *list, PurpleRoomlistRoom *room)
{
    (void)list;
    tell("room", "name", purple_roomlist_room_get_name(room), NULL);
}

static void in_progress(PurpleRoomlist *list, gboolean busy)
{
    (void)list;
    if (!busy)
        tell("rooms-listed", NULL);
}

static void joined(PurpleConversation *conversation)
{
    tell("room-joined", "room", purple_conversation_get_name(conversation), NULL);
}

static void present(PurpleConversation *conversation, const char *name, PurpleConvChatBuddyFlags flags, gboolean fresh)
{
    (void)flags;
    (void)fresh;
    tell("occupant", "room", purple_conversation_get_name(conversation), "name", name, NULL);
}

void rooms_install(void)
{
    static PurpleRoomlistUiOps lists = {.add_room = add_room, .in_progress = in_progress};
    static int handle;
    purple_roomlist_set_ui_ops(&lists);
    void *conversations = purple_conversations_get_handle();
    purple_signal_connect(conversations, "chat-joined", &handle, PURPLE_CALLBACK(joined), NULL);
    purple_signal_connect(conversations, "chat-buddy-joined", &handle, PURPLE_CALLBACK(present), NULL);
}
