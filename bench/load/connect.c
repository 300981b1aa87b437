/* Opening, registering and joining, a bounded number at a time. */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void make_connection(uint32_t index)
{
    struct connection *member = &run.connections[index];
    member->fd = -1;
    member->index = index;
    member->room = index / run.options.members;
    member->seat = index % run.options.members;
    member->expected = calloc(run.options.senders, sizeof *member->expected);
    /* the tag keeps names apart from those of an earlier run on the same server */
    snprintf(member->name, NAME_BYTES, "u%03x%05u", run.tag, index % 100000);
    snprintf(member->room_name, NAME_BYTES, "room%04u", member->room % 10000);
}

void make_connections(void)
{
    run.count = run.options.rooms * run.options.members;
    /* one more: the sender that a raw stream claims to come from */
    run.connections = calloc(run.count + 1, sizeof *run.connections);
    run.due = calloc(run.count + 1, sizeof *run.due);
    for (uint32_t index = 0; index < run.count; index++)
        make_connection(index);
}

void watch(struct connection *connection, bool for_room)
{
    struct epoll_event event = {.events = EPOLLIN | (for_room ? EPOLLOUT : 0),
                                .data.ptr = connection};
    connection->waits_for_room = for_room;
    if (epoll_ctl(run.epoll, EPOLL_CTL_MOD, connection->fd, &event))
        die("epoll: %s", strerror(errno));
}

static void open_connection(struct connection *connection)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(run.options.port)};
    if (inet_pton(AF_INET, run.options.host, &address.sin_addr) != 1)
        die("--host wants an IPv4 address, not '%s'", run.options.host);
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0)
        die("socket %u of %u: %s (raise it with ulimit -n)", connection->index + 1, run.count,
            strerror(errno));
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) &&
        errno != EINPROGRESS)
        die("connect to %s:%u: %s", run.options.host, run.options.port, strerror(errno));
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = connection};
    if (epoll_ctl(run.epoll, EPOLL_CTL_ADD, connection->fd, &event))
        die("epoll: %s", strerror(errno));
    connection->waits_for_room = true;
    connection->state = CONNECTING;
}

void open_more(void)
{
    while (run.opened < run.count && run.opened - run.ready < run.options.handshakes)
        open_connection(&run.connections[run.opened++]);
}

static unsigned steps_needed(void)
{
    return run.mode->only_registers ? run.protocol->registered : run.protocol->joined;
}

static void become_ready(struct connection *connection)
{
    run.ready++;
    connection->state = READY;
    connection->carried = 0;
    if (connection->seat >= run.options.members - run.options.frozen) {
        connection->state = FROZEN; /* it stays connected and never reads again */
        epoll_ctl(run.epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    }
}

/* Says what the reached step says; steps without anything to wait for follow. */
static void take_step(struct connection *connection)
{
    char said[512];
    for (;;) {
        const struct step *step = &run.protocol->steps[connection->step++];
        if (connection->step == steps_needed()) {
            become_ready(connection);
            return;
        }
        size_t length = expand(said, step->say, connection);
        if (length)
            queue_bytes(connection, said, length);
        if (run.protocol->steps[connection->step].await.length)
            break;
    }
    flush(connection);
}

void connected(struct connection *connection)
{
    int error = 0;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error});
    if (error)
        die("connect to %s:%u: %s", run.options.host, run.options.port, strerror(error));
    if (run.options.tls)
        begin_tls(connection);
    watch(connection, false);
    if (!run.protocol->steps[0].await.length)
        take_step(connection);
}

static void check_refusal(const char *at, size_t length)
{
    struct bytes refusal = run.protocol->refusal;
    const char *found =
        refusal.length ? memmem(at, length, refusal.at, refusal.length) : NULL;
    if (found)
        die("the server refused: %.*s", (int)(at + length - found), found);
}

void advance_handshake(struct connection *connection, const char *at, size_t length)
{
    const char *end = at + length;
    check_refusal(at, length);
    while (connection->state == CONNECTING) {
        struct bytes await = run.protocol->steps[connection->step].await;
        const char *found = memmem(at, (size_t)(end - at), await.at, await.length);
        if (!found)
            break;
        at = found + await.length;
        take_step(connection);
    }
    size_t rest = (size_t)(end - at);
    connection->carried = rest < CARRY_BYTES ? (unsigned)rest : CARRY_BYTES;
    memcpy(connection->carry, end - connection->carried, connection->carried);
}

void close_connection(struct connection *connection)
{
    if (connection->state == CONNECTING)
        die("the server closed connection %u of %u before it was registered: %s",
            connection->index + 1, run.count, run.last_words);
    epoll_ctl(run.epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    close(connection->fd);
    connection->state = CLOSED;
    run.closed++;
}
