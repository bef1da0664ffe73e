#include "events.h"

#include <stdarg.h>
#include <stdio.h>

static void print_string(const char *text)
{
    putchar('"');
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            printf("\\%c", *at);
        else if (*at < 0x20)
            printf("\\u%04x", *at);
        else
            putchar(*at);
    }
    putchar('"');
}

void tell(const char *name, ...)
{
    va_list pairs;
    fputs("{\"event\":", stdout);
    print_string(name);
    va_start(pairs, name);
    for (const char *key = va_arg(pairs, const char *); key != NULL; key = va_arg(pairs, const char *)) {
        const char *value = va_arg(pairs, const char *);
        if (value == NULL)
            continue;
        putchar(',');
        print_string(key);
        putchar(':');
        print_string(value);
    }
    va_end(pairs);
    puts("}");
    fflush(stdout);
}
