/* The loopback limit: what no chat server on this machine can pass.
 *
 * Waits for so many connections, then writes to each in turn slices of 64 KiB
 * made of frames like the chat server's, and does nothing else: no reading, no
 * members, no parsing. The generator reads them as it reads any server
 * (--protocol raw --mode receive) and makes the same checks.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load/stamp.h"

#define SLICE_BYTES (64 * 1024)

static const char frame_start[] = "{\"type\":\"MSG\",\"room\":\"room0000\",\"id\":1000000,"
                                  "\"ts\":1790000000.123,\"from\":\"u00000000\",\"text\":\"";
static const char frame_end[] = "\"}\n";

static char slice[SLICE_BYTES];
static size_t frame_bytes, frames, stamp_offset;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void fill_slice(size_t text_bytes)
{
    size_t start = sizeof frame_start - 1, end = sizeof frame_end - 1;
    frame_bytes = start + text_bytes + end;
    frames = SLICE_BYTES / frame_bytes;
    stamp_offset = start + text_bytes - STAMP_BYTES;
    memset(slice, 'x', sizeof slice);
    for (size_t frame = 0; frame < frames; frame++) {
        memcpy(slice + frame * frame_bytes, frame_start, start);
        memcpy(slice + frame * frame_bytes + start + text_bytes, frame_end, end);
    }
}

static void stamp_slice(uint32_t sender, uint32_t *sequence)
{
    for (size_t frame = 0; frame < frames; frame++)
        put_stamp(slice + frame * frame_bytes + stamp_offset, 0, sender, (*sequence)++, 0);
}

static int listen_anywhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) ||
        listen(listener, 4096) || getsockname(listener, (struct sockaddr *)&address, &length))
        fail("limit: listen");
    printf("{\"event\":\"listening\",\"port\":%u}\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static int accept_one(int listener)
{
    int connection = accept(listener, NULL, NULL);
    if (connection < 0)
        fail("limit: accept");
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return connection;
}

/* False when the reader has gone, which is how a run ends. */
static int write_slice(int connection)
{
    size_t written = 0, length = frames * frame_bytes;
    while (written < length) {
        ssize_t taken = send(connection, slice + written, length - written, MSG_NOSIGNAL);
        if (taken < 0)
            return 0;
        written += (size_t)taken;
    }
    return 1;
}

int main(int count, char **words)
{
    if (count != 3) {
        fprintf(stderr, "usage: limit CONNECTIONS TEXT_BYTES\n");
        return 2;
    }
    uint32_t connections = (uint32_t)atoi(words[1]), sequence = 0;
    int *fds = calloc(connections, sizeof *fds), listener = listen_anywhere();
    fill_slice((size_t)atoi(words[2]));
    for (uint32_t i = 0; i < connections; i++)
        fds[i] = accept_one(listener);
    for (;;) {
        stamp_slice(connections, &sequence);
        for (uint32_t i = 0; i < connections; i++)
            if (!write_slice(fds[i]))
                return 0;
    }
}
