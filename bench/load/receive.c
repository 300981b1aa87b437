/* Reading: count what arrives, and check that each receiver gets each message
 * of each sender once and in its order. */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

/* A gap between two texts that is so much longer than the one before it may
 * hold a PING: only then is it searched. */
#define UNUSUAL_GAP 5
#define ANSWER_BYTES 256

static char area[CARRY_BYTES + RECEIVE_BYTES];

static void out_of_order(uint32_t *expected, uint32_t sequence)
{
    if (sequence < *expected) {
        run.repeated++;
        return;
    }
    run.lost += sequence - *expected;
    *expected = sequence + 1;
    run.deliveries++;
}

static void count_hearing(struct connection *sender, uint32_t sequence, const char *mark)
{
    uint32_t *heard = &sender->heard[sequence & run.ring_mask];
    if (++*heard != run.listeners)
        return;
    *heard = 0;
    run.completed++;
    run.mode->heard_by_all(sender, stamp_time(mark));
}

static inline void deliver(struct connection *receiver, const char *mark)
{
    uint32_t origin = word_at(mark + 1), sequence = word_at(mark + 9);
    if (origin >> SENDER_BITS != run.tag)
        return; /* history, from an earlier run */
    uint32_t index = origin & SENDER_MASK;
    struct connection *sender = &run.connections[index];
    if (sender == receiver && run.protocol->echoes)
        return;
    if (index > run.count || sender == receiver || sender->room != receiver->room ||
        sender->seat >= run.options.senders) {
        run.misplaced++;
        return;
    }
    uint32_t *expected = &receiver->expected[sender->seat];
    if (sequence != *expected) {
        out_of_order(expected, sequence);
        return;
    }
    ++*expected;
    run.deliveries++;
    if (run.mode->times_each_delivery)
        histogram_add(&run.latency, run.now - stamp_time(mark));
    if (sender->heard)
        count_hearing(sender, sequence, mark);
}

static void answer_ping(struct connection *receiver, struct bytes repeated)
{
    char answer[ANSWER_BYTES];
    size_t length = 0;
    struct bytes parts[] = {run.protocol->pong, repeated, run.protocol->ping_end};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].length > sizeof answer - length)
            return; /* no server asks in so many words */
        memcpy(answer + length, parts[i].at, parts[i].length);
        length += parts[i].length;
    }
    run.pings++;
    queue_bytes(receiver, answer, length);
    flush(receiver);
}

static void answer_pings(struct connection *receiver, const char *at, const char *end,
                         const char *fresh)
{
    struct bytes ping = run.protocol->ping;
    if (!ping.length)
        return;
    while ((at = memmem(at, (size_t)(end - at), ping.at, ping.length))) {
        at += ping.length;
        const char *rest = at, *stop = run.protocol->ping_end.at;
        if (run.protocol->ping_end.length && !(at = memmem(at, (size_t)(end - at), stop, 1)))
            return; /* cut in two: small answers never are, and one that is missed is counted as lost */
        if (at <= fresh)
            continue;
        answer_ping(receiver, (struct bytes){rest, (size_t)(at - rest)});
    }
}

/* What ends in the bytes before `fresh` was seen in the read before. */
static void scan(struct connection *receiver, const char *at, const char *end, const char *fresh)
{
    const char *mark;
    while ((mark = memchr(at, STAMP_MARK, (size_t)(end - at)))) {
        if (end - mark < STAMP_BYTES)
            break;
        uint32_t gap = (uint32_t)(mark - at);
        if (gap > receiver->previous_gap + UNUSUAL_GAP)
            answer_pings(receiver, at, mark, fresh);
        receiver->previous_gap = gap;
        deliver(receiver, mark);
        at = mark + STAMP_BYTES;
    }
    if (at < end)
        answer_pings(receiver, at, end, fresh);
}

static void scan_acknowledgements(struct connection *sender, const char *at, const char *end,
                                  const char *fresh)
{
    while ((at = memchr(at, ACK_MARK, (size_t)(end - at)))) {
        if (end - at < ACK_BYTES)
            return;
        if (at + ACK_BYTES > fresh) {
            uint32_t sequence = word_at(at + 1);
            if (sequence != sender->acknowledged)
                run.misplaced++;
            sender->acknowledged = sequence + 1;
            run.acknowledged++;
            if (run.mode->acknowledged)
                run.mode->acknowledged(sender);
        }
        at += ACK_BYTES;
    }
}

static void scan_all(struct connection *connection, size_t received)
{
    const char *fresh = area + CARRY_BYTES, *end = fresh + received;
    const char *at = fresh - connection->carried;
    memcpy(area + CARRY_BYTES - connection->carried, connection->carry, connection->carried);
    if (connection->state == CONNECTING) {
        advance_handshake(connection, at, (size_t)(end - at));
        return;
    }
    scan(connection, at, end, fresh);
    if (run.options.ack && connection->frame)
        scan_acknowledgements(connection, at, end, fresh);
    connection->carried = end - at < CARRY_BYTES ? (unsigned)(end - at) : CARRY_BYTES;
    memcpy(connection->carry, end - connection->carried, connection->carried);
}

static void keep_last_words(const char *at, size_t length)
{
    size_t kept = length < sizeof run.last_words - 1 ? length : sizeof run.last_words - 1;
    if (run.last_words[0])
        return;
    for (size_t i = 0; i < kept; i++) {
        char c = at[length - kept + i];
        run.last_words[i] = c < ' ' || c > '~' || c == '"' || c == '\\' ? '.' : c;
    }
}

/* Returns whether there may be more: what TLS has decrypted, epoll does not know of. */
static bool receive_once(struct connection *connection)
{
    ssize_t received = take_bytes(connection, area + CARRY_BYTES, RECEIVE_BYTES);
    if (received < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (received <= 0) {
        keep_last_words(connection->carry, connection->carried);
        close_connection(connection);
        return false;
    }
    if (run.protocol->quick_ack)
        setsockopt(connection->fd, IPPROTO_TCP, TCP_QUICKACK, &(int){1}, sizeof(int));
    run.now = clock_ns();
    run.bytes += (uint64_t)received;
    if (run.protocol->framed)
        received = (ssize_t)unframe(connection, area + CARRY_BYTES, (size_t)received);
    scan_all(connection, (size_t)received);
    return connection->tls && connection->state != FROZEN && connection->state != CLOSED;
}

void receive(struct connection *connection)
{
    while (receive_once(connection))
        continue;
}
