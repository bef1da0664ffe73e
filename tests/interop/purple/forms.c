#include "forms.h"

#include "events.h"

typedef struct {
    char *proposed;
    PurpleRequestInputCb entered;
    void *data;
} Input;

typedef struct {
    PurpleRequestFields *fields;
    PurpleRequestFieldsCb submitted;
    PurpleRequestFieldsCb cancelled;
    void *data;
} Form;

static Input *open_input = NULL;
static Form *open_form = NULL;

void *forms_request_input(const char *title, const char *primary, const char *secondary, const char *value,
                          gboolean multiline, gboolean masked, gchar *hint, const char *ok, GCallback entered,
                          const char *cancel, GCallback cancelled, PurpleAccount *account, const char *who,
                          PurpleConversation *conversation, void *data)
{
    (void)multiline, (void)masked, (void)hint, (void)ok, (void)cancel, (void)cancelled;
    (void)account, (void)who, (void)conversation;
    Input *input = g_new0(Input, 1);
    input->proposed = g_strdup(value);
    input->entered = (PurpleRequestInputCb)entered;
    input->data = data;
    open_input = input;
    tell("input", "title", title, "primary", primary, "secondary", secondary, "value", value, NULL);
    return input;
}

gboolean forms_enter(const char *text)
{
    Input *input = open_input;
    if (input == NULL)
        return FALSE;
    input->entered(input->data, text != NULL ? text : input->proposed);
    purple_request_close(PURPLE_REQUEST_INPUT, input);
    return TRUE;
}

void *forms_request_fields(const char *title, const char *primary, const char *secondary, PurpleRequestFields *fields,
                           const char *ok, GCallback submitted, const char *cancel, GCallback cancelled,
                           PurpleAccount *account, const char *who, PurpleConversation *conversation, void *data)
{
    (void)ok, (void)cancel, (void)account, (void)who, (void)conversation;
    Form *form = g_new0(Form, 1);
    form->fields = fields;
    form->submitted = (PurpleRequestFieldsCb)submitted;
    form->cancelled = (PurpleRequestFieldsCb)cancelled;
    form->data = data;
    open_form = form;
    GString *labels = g_string_new(NULL);
    for (GList *group = purple_request_fields_get_groups(fields); group != NULL; group = group->next) {
        GList *field = purple_request_field_group_get_fields(group->data);
        for (; field != NULL; field = field->next)
            g_string_append_printf(labels, "%s%s=%s", labels->len == 0 ? "" : "|",
                                   purple_request_field_get_id(field->data),
                                   purple_request_field_get_label(field->data));
    }
    tell("form", "title", title, "primary", primary, "secondary", secondary, "fields", labels->str, NULL);
    g_string_free(labels, TRUE);
    return form;
}

/* Chooses what has this label; FALSE if nothing has. */
static gboolean choose(PurpleRequestField *field, const char *label)
{
    int value = 0;
    for (GList *at = purple_request_field_choice_get_labels(field); at != NULL; at = at->next, value++) {
        if (purple_strequal(at->data, label)) {
            purple_request_field_choice_set_value(field, value);
            return TRUE;
        }
    }
    return FALSE;
}

/* The same in a list, of which it is then the only one chosen. */
static gboolean pick(PurpleRequestField *field, const char *label)
{
    purple_request_field_list_clear_selected(field);
    purple_request_field_list_add_selected(field, label);
    return purple_request_field_list_get_selected(field) != NULL;
}

gboolean forms_fill(const char *name, const char *text)
{
    if (open_form == NULL || !purple_request_fields_exists(open_form->fields, name))
        return FALSE;
    PurpleRequestField *field = purple_request_fields_get_field(open_form->fields, name);
    switch (purple_request_field_get_type(field)) {
    case PURPLE_REQUEST_FIELD_STRING:
        purple_request_field_string_set_value(field, text);
        return TRUE;
    case PURPLE_REQUEST_FIELD_BOOLEAN:
        purple_request_field_bool_set_value(field, purple_strequal(text, "1"));
        return TRUE;
    case PURPLE_REQUEST_FIELD_CHOICE:
        return choose(field, text);
    case PURPLE_REQUEST_FIELD_LIST:
        return pick(field, text);
    default:
        return FALSE;
    }
}

static gboolean finish(gboolean submit)
{
    Form *form = open_form;
    if (form == NULL)
        return FALSE;
    PurpleRequestFieldsCb pressed = submit ? form->submitted : form->cancelled;
    if (pressed != NULL)
        pressed(form->data, form->fields);
    purple_request_close(PURPLE_REQUEST_FIELDS, form);
    return TRUE;
}

gboolean forms_submit(void)
{
    return finish(TRUE);
}

gboolean forms_cancel(void)
{
    return finish(FALSE);
}

void forms_close(PurpleRequestType type, void *handle)
{
    if (type == PURPLE_REQUEST_INPUT) {
        if (open_input == handle)
            open_input = NULL;
        g_free(((Input *)handle)->proposed);
    } else {
        if (open_form == handle)
            open_form = NULL;
        purple_request_fields_destroy(((Form *)handle)->fields);
    }
    g_free(handle);
}

/* A row as one line: texts with | between them. */
static char *joined(GList *texts)
{
    GString *line = g_string_new(NULL);
    for (GList *at = texts; at != NULL; at = at->next)
        g_string_append_printf(line, "%s%s", at == texts ? "" : "|", at->data == NULL ? "" : (char *)at->data);
    return g_string_free(line, FALSE);
}

void *forms_notify_results(PurpleConnection *connection, const char *title, const char *primary, const char *secondary,
                           PurpleNotifySearchResults *results, gpointer data)
{
    (void)connection, (void)data;
    GString *columns = g_string_new(NULL);
    for (guint at = 0; at < purple_notify_searchresults_get_columns_count(results); at++)
        g_string_append_printf(columns, "%s%s", at == 0 ? "" : "|",
                               purple_notify_searchresults_column_get_title(results, at));
    GString *rows = g_string_new(NULL);
    for (GList *at = results->rows; at != NULL; at = at->next) {
        char *row = joined(at->data);
        g_string_append_printf(rows, "%s%s", at == results->rows ? "" : "\n", row);
        g_free(row);
    }
    tell("results", "title", title, "primary", primary, "secondary", secondary, "columns", columns->str, "rows",
         rows->str, NULL);
    g_string_free(columns, TRUE);
    g_string_free(rows, TRUE);
    purple_notify_searchresults_free(results);
    return NULL;
}
