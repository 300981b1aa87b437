/* WebSocket (RFC 6455), as far as a client of the benchmark needs it: what is sent
 * goes into masked frames, and what comes is taken out of its frames where it lies,
 * so that everything else reads the texts as if no frame had been round them. */
#include "load.h"

#include <stdio.h>

#define HTTP_END "\r\n\r\n"
#define SWITCHING "HTTP/1.1 101"
#define FINAL_PONG 0x8a
#define RESERVED 0x70
#define MASKED 0x80
#define LENGTH_16 126
#define LENGTH_64 127

enum opcode { BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

/* The same for all: a real client's is random, and costs a server as much. No byte is 0,
 * since servers may pass over such a mask. */
static const unsigned char mask[4] = {0x5a, 0xa3, 0x17, 0xc9};

/* Writes what stands before a content of so many bytes; returns its length. */
size_t put_frame_head(char *to, unsigned char first, size_t text_bytes)
{
    unsigned char *head = (unsigned char *)to;
    size_t length = 2;
    if (text_bytes > 0xffff)
        die("a text of %zu bytes: WebSocket frames of this generator hold 65,535", text_bytes);
    head[0] = first;
    if (text_bytes < LENGTH_16) {
        head[1] = (unsigned char)(MASKED | text_bytes);
    } else {
        head[1] = MASKED | LENGTH_16;
        head[length++] = (unsigned char)(text_bytes >> 8);
        head[length++] = (unsigned char)text_bytes;
    }
    memcpy(head + length, mask, sizeof mask);
    return length + sizeof mask;
}

void mask_text(char *at, size_t length)
{
    uint32_t four, key;
    memcpy(&key, mask, sizeof key);
    for (; length >= sizeof four; at += sizeof four, length -= sizeof four) {
        memcpy(&four, at, sizeof four);
        four ^= key;
        memcpy(at, &four, sizeof four);
    }
    for (size_t i = 0; i < length; i++)
        at[i] = (char)(at[i] ^ mask[i]);
}

/* Takes one byte of the answer to the request; its first bytes are kept until it ends. */
static void take_http(struct frames *frames, char byte)
{
    if (frames->head_bytes < sizeof SWITCHING - 1)
        frames->head[frames->head_bytes++] = (unsigned char)byte;
    if (byte == HTTP_END[frames->matched])
        frames->matched++;
    else
        frames->matched = byte == HTTP_END[0];
    if (HTTP_END[frames->matched])
        return;
    if (memcmp(frames->head, SWITCHING, sizeof SWITCHING - 1))
        die("the server refused WebSocket: %.*s", (int)frames->head_bytes, frames->head);
    frames->upgraded = true;
    frames->head_bytes = 0;
}

static unsigned head_bytes_wanted(const struct frames *frames)
{
    if (frames->head_bytes < 2 || frames->head[1] < LENGTH_16)
        return 2;
    return frames->head[1] == LENGTH_16 ? 4 : 10;
}

static void check_head(const struct frames *frames)
{
    unsigned opcode = frames->head[0] & 15;
    bool known = opcode <= BINARY || (opcode >= CLOSE && opcode <= PONG);
    if (!known || frames->head[0] & RESERVED || frames->head[1] & MASKED)
        die("the server's WebSocket frames are broken: one begins with %02x %02x", frames->head[0],
            frames->head[1]);
}

/* What a ping carries must come back. */
static void end_frame(struct connection *connection)
{
    struct frames *frames = &connection->frames;
    if ((frames->head[0] & 15) == PING) {
        run.pings++;
        queue_frame(connection, FINAL_PONG, frames->control, frames->control_bytes);
        flush(connection);
    }
    frames->head_bytes = frames->control_bytes = 0;
    frames->is_open = false;
}

static void take_head(struct connection *connection, char byte)
{
    struct frames *frames = &connection->frames;
    frames->head[frames->head_bytes++] = (unsigned char)byte;
    unsigned wanted = head_bytes_wanted(frames);
    if (frames->head_bytes < wanted)
        return;
    check_head(frames);
    frames->left = wanted == 2 ? frames->head[1] : 0;
    for (unsigned i = 2; i < wanted; i++)
        frames->left = frames->left << 8 | frames->head[i];
    frames->is_open = true;
    if (!frames->left)
        end_frame(connection);
}

/* Takes what is there of the frame's content. A ping's is kept; all else is text to be
 * read, also why the server closes. Returns how many bytes were taken. */
static size_t take_content(struct connection *connection, char **to, const char *at, size_t length)
{
    struct frames *frames = &connection->frames;
    size_t taken = length < frames->left ? length : (size_t)frames->left;
    if ((frames->head[0] & 15) < PING) {
        memmove(*to, at, taken);
        *to += taken;
    } else if (frames->control_bytes + taken <= sizeof frames->control) {
        memcpy(frames->control + frames->control_bytes, at, taken);
        frames->control_bytes += (unsigned)taken;
    }
    frames->left -= taken;
    if (!frames->left)
        end_frame(connection);
    return taken;
}

/* Moves together what the frames among `length` received bytes carry; returns its length. */
size_t unframe(struct connection *connection, char *at, size_t length)
{
    struct frames *frames = &connection->frames;
    char *const start = at, *const end = at + length, *to = at;
    while (at < end) {
        if (frames->is_open) {
            at += take_content(connection, &to, at, (size_t)(end - at));
        } else if (frames->upgraded) {
            take_head(connection, *at++);
        } else {
            take_http(frames, *at);
            *to++ = *at++;
        }
    }
    return (size_t)(to - start);
}
