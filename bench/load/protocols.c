/* The protocols, as data: how one registers, joins a room and publishes.
 * The sender never gets its own message back: NATS by echo:false, MQTT 5 by
 * no-local, IRC and chat by themselves. So the work is equal, but for Redis,
 * whose senders always hear themselves: one delivery more for each message. */
#include "load.h"

#include <stdio.h>

#define BYTES(literal) {literal, sizeof(literal) - 1}
#define NONE {"", 0}

#define CHAT_STEPS                                                                             \
    {BYTES("\"REG_NAME\""), BYTES("{\"type\":\"REG_NAME\",\"name\":\"%n\"}\n")},                    \
    {BYTES("\"WELCOME\""),                                                                     \
     BYTES("{\"type\":\"JOIN\",\"room\":\"%r\"}\n{\"type\":\"PING\"}\n")},                         \
    {BYTES("\"PONG\""), NONE}

static const struct step chat_steps[] = {CHAT_STEPS};

static const struct step irc_steps[] = {
    {NONE, BYTES("NICK %n\r\nUSER %n 0 * :%n\r\n")},
    {BYTES(" 001 "), BYTES("JOIN #%r\r\n")},
    {BYTES(" 366 "), NONE},
};

static const struct step nats_steps[] = {
    {BYTES("INFO "), BYTES("CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false}\r\n"
                           "PING\r\n")},
    {BYTES("PONG\r\n"), BYTES("SUB %r 1\r\nPING\r\n")},
    {BYTES("PONG\r\n"), NONE},
};

/* MQTT 5: CONNECT (clean start, no keep-alive) and SUBSCRIBE (QoS 0, no-local)
 * with the lengths of a nine-letter name and an eight-letter room written out. */
static const struct step mqtt_steps[] = {
    {NONE, BYTES("\x10\x16\0\4MQTT\5\2\0\0\0\0\x09%n")},
    {BYTES("\x20"), BYTES("\x82\x0e\0\1\0\0\x08%r\4")},
    {BYTES("\x90\4\0\1\0\0"), NONE},
};

/* Redis' RESP3, in which one connection may both listen and publish. */
static const struct step redis_steps[] = {
    {NONE, BYTES("HELLO 3\r\n")},
    {BYTES("proto"), BYTES("SUBSCRIBE %r\r\n")},
    {BYTES("subscribe"), NONE},
};

/* The key is the RFC's own example, and so is the answer to it. */
#define UPGRADE                                                                          \
    " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"      \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define UPGRADED BYTES("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")

static const struct step websocket_steps[] = {
    {NONE, BYTES("GET /ws" UPGRADE)},
    {UPGRADED, NONE},
    CHAT_STEPS,
};

/* A server that only passes texts on to all others at the same path: bench/peers/server_ws.js. */
static const struct step relay_steps[] = {
    {NONE, BYTES("GET /%r" UPGRADE)},
    {UPGRADED, NONE},
    {BYTES("joined"), NONE},
};

/* No handshake at all: bench/limit.c, which only ever writes. */
static const struct step raw_steps[] = {{NONE, NONE}};

#define CHAT_MESSAGE BYTES("{\"type\":\"MSG\",\"room\":\"%r\",\"text\":\"")
#define CHAT_END BYTES("\"}\n")
#define CHAT_FRAMES                                                                          \
    .frame = CHAT_MESSAGE,                                                                   \
    .acknowledged_frame =                                                                    \
        BYTES("{\"type\":\"MSG\",\"room\":\"%r\",\"ref\":\"^........\",\"text\":\""),               \
    .frame_end = CHAT_END, .ping = BYTES("\"PING\""), .pong = BYTES("{\"type\":\"PONG\""),       \
    .ping_end = BYTES("}\n"), .refusal = BYTES("\"ERROR\"")

static const struct protocol protocols[] = {
    {
        .name = "chat", .steps = chat_steps, .registered = 2, .joined = 3, CHAT_FRAMES,
    },
    {
        .name = "websocket", .steps = websocket_steps, .registered = 4, .joined = 5,
        CHAT_FRAMES, .framed = true,
    },
    {
        .name = "websocket-relay", .steps = relay_steps, .registered = 3, .joined = 3,
        .frame = CHAT_MESSAGE, .frame_end = CHAT_END, .framed = true,
    },
    {
        .name = "irc", .steps = irc_steps, .registered = 2, .joined = 3,
        .frame = BYTES("PRIVMSG #%r :"), .frame_end = BYTES("\r\n"),
        .ping = BYTES("PING "), .pong = BYTES("PONG "), .ping_end = BYTES("\r\n"),
        .refusal = BYTES("ERROR :"), .quick_ack = true,
    },
    {
        .name = "nats", .steps = nats_steps, .registered = 2, .joined = 3,
        .frame = BYTES("PUB %r %s\r\n"), .frame_end = BYTES("\r\n"),
        .ping = BYTES("PING\r\n"), .pong = BYTES("PONG\r\n"),
        .refusal = BYTES("-ERR"),
    },
    {
        .name = "mqtt", .steps = mqtt_steps, .registered = 2, .joined = 3,
        .frame = BYTES("\x30%v\0\x08%r\0"), .frame_end = NONE,
    },
    {
        .name = "redis", .steps = redis_steps, .registered = 2, .joined = 3,
        .frame = BYTES("*3\r\n$7\r\nPUBLISH\r\n$8\r\n%r\r\n$%s\r\n"), .frame_end = BYTES("\r\n"),
        .refusal = BYTES("-ERR"), .echoes = true,
    },
    {.name = "raw", .steps = raw_steps, .registered = 1, .joined = 1},
};

const struct protocol *find_protocol(const char *name)
{
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (!strcmp(protocols[i].name, name))
            return &protocols[i];
    return NULL;
}

const char *protocol_names(void)
{
    return "chat, websocket, websocket-relay, irc, nats, mqtt, redis, raw";
}

/* MQTT's variable-length integer: seven bits a byte, the lowest first. */
static size_t put_variable_length(char *to, size_t value)
{
    size_t length = 0;
    do {
        to[length++] = (char)((value & 127) | (value > 127 ? 128 : 0));
        value >>= 7;
    } while (value);
    return length;
}

static size_t expand_one(char *to, char directive, const struct connection *member)
{
    switch (directive) {
    case 'n':
        return (size_t)sprintf(to, "%s", member->name);
    case 'r':
        return (size_t)sprintf(to, "%s", member->room_name);
    case 's':
        return (size_t)sprintf(to, "%u", run.size);
    default: /* 'v': topic length, topic, no properties, text */
        return put_variable_length(to, 2 + strlen(member->room_name) + 1 + run.size);
    }
}

size_t expand(char *to, struct bytes pattern, const struct connection *member)
{
    size_t length = 0;
    for (size_t i = 0; i < pattern.length; i++) {
        if (pattern.at[i] == '%')
            length += expand_one(to + length, pattern.at[++i], member);
        else
            to[length++] = pattern.at[i];
    }
    return length;
}
