/* The load generator of the benchmark: options, the event loop, the phases.
 *
 * One thread and one epoll, so that it is lighter than any server it loads. */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 256
#define TICK_MS 20
#define JOIN_SECONDS 60.0

struct run run = {
    .options = {.host = "127.0.0.1", .rooms = 1, .members = 100, .senders = 4, .size = 64,
                .window = 1, .rate = 500, .warmup = 0.5, .seconds = 1.5, .drain = 3, .handshakes = 64},
};

static uint64_t phase_ends, began;
static int stdin_key; /* its address marks stdin's events */

static const char usage[] =
    "usage: load --protocol P --port N [options]\n"
    "\n"
    "Connects members to rooms of a server on this machine, has some of them speak,\n"
    "checks that the others hear each message once and in order, and prints one JSON\n"
    "object. Protocols: %s.\n"
    "\n"
    "  --mode M          %s (window)\n"
    "                    window: each sender keeps --window messages in flight\n"
    "                    token: in each room the next speaks when all have heard\n"
    "                    rate: --rate messages a second, latency from the intended time\n"
    "                    ack: one sender waits for each ACK\n"
    "                    receive: only reads (the loopback limit, with --protocol raw)\n"
    "                    idle: registers, prints 'ready', holds until stdin ends\n"
    "  --rooms N         (1)      --members N  of each room (100)\n"
    "  --senders N       of each room (4)      --window N  in flight per sender (1)\n"
    "  --size N          bytes of a text (64)  --rate N  messages a second (500)\n"
    "  --warmup S        (0.5)    --seconds S  measured (1.5)\n"
    "  --drain S         at the end, so long without a delivery means that the rest is lost (3)\n"
    "  --messages N      stop sending after so many\n"
    "  --frozen N        so many members of each room never read\n"
    "  --warmup-size N   bytes of a text during the warm-up (--size): large ones fill\n"
    "                    the kernel's buffers of frozen members\n"
    "  --handshakes N    under way at once (64)\n"
    "  --ack             chat only: ask for an ACK to each message and count them\n"
    "  --tls             speak TLS 1.3; certificates are not checked\n"
    "  --server-pid N    report that process's CPU time too\n"
    "  --host A          IPv4 address (127.0.0.1)\n";

uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "load: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    exit(1);
}

static uint32_t count_of(const char *name)
{
    char *end;
    unsigned long value = strtoul(optarg, &end, 10);
    if (*end || end == optarg || value > 1u << 30)
        die("--%s wants a number, not '%s'", name, optarg);
    return (uint32_t)value;
}

static double amount_of(const char *name)
{
    char *end;
    double value = strtod(optarg, &end);
    if (*end || end == optarg || value < 0)
        die("--%s wants a number, not '%s'", name, optarg);
    return value;
}

static const struct option names[] = {
    {"protocol", 1, 0, 'p'}, {"mode", 1, 0, 'm'},     {"port", 1, 0, 'P'},
    {"host", 1, 0, 'H'},     {"rooms", 1, 0, 'r'},    {"members", 1, 0, 'M'},
    {"senders", 1, 0, 's'},  {"window", 1, 0, 'w'},   {"size", 1, 0, 'z'},
    {"rate", 1, 0, 'R'},     {"warmup", 1, 0, 'u'},   {"seconds", 1, 0, 'S'},
    {"messages", 1, 0, 'n'}, {"frozen", 1, 0, 'f'},   {"handshakes", 1, 0, 'h'},
    {"warmup-size", 1, 0, 'W'}, {"drain", 1, 0, 'D'},
    {"ack", 0, 0, 'a'},      {"tls", 0, 0, 't'},
    {"server-pid", 1, 0, 'i'}, {"help", 0, 0, '?'}, {0}};

static void take_option(int key, const char *name)
{
    struct options *o = &run.options;
    switch (key) {
    case 'p':
        if (!(run.protocol = find_protocol(optarg)))
            die("--protocol is one of %s, not '%s'", protocol_names(), optarg);
        break;
    case 'm':
        if (!(run.mode = find_mode(optarg)))
            die("--mode is one of %s, not '%s'", mode_names(), optarg);
        break;
    case 'P': o->port = (uint16_t)count_of(name); break;
    case 'H': o->host = optarg; break;
    case 'r': o->rooms = count_of(name); break;
    case 'M': o->members = count_of(name); break;
    case 's': o->senders = count_of(name); break;
    case 'w': o->window = count_of(name); break;
    case 'z': o->size = count_of(name); break;
    case 'W': o->warmup_size = count_of(name); break;
    case 'R': o->rate = amount_of(name); break;
    case 'u': o->warmup = amount_of(name); break;
    case 'S': o->seconds = amount_of(name); break;
    case 'D': o->drain = amount_of(name); break;
    case 'n': o->messages = count_of(name); break;
    case 'f': o->frozen = count_of(name); break;
    case 'h': o->handshakes = count_of(name); break;
    case 'a': o->ack = true; break;
    case 't': o->tls = true; break;
    case 'i': o->server_pid = (int)count_of(name); break;
    default:
        fprintf(stderr, usage, protocol_names(), mode_names());
        exit(2);
    }
}

static void check_options(void)
{
    struct options *o = &run.options;
    if (!run.protocol || !o->port)
        die("--protocol and --port are needed; --help tells more");
    if (run.mode->all_speak)
        o->senders = o->members;
    if (!strcmp(run.mode->name, "ack"))
        o->ack = true, o->senders = 1;
    if (!strcmp(run.mode->name, "receive") || run.mode->only_registers)
        o->senders = 1;
    if (o->ack && !run.protocol->acknowledged_frame.length)
        die("--protocol %s has no ACK", run.protocol->name);
    if (!o->warmup_size)
        o->warmup_size = o->size;
    if (o->size < STAMP_BYTES || o->warmup_size < STAMP_BYTES)
        die("--size must be at least %d, the size of the stamp", STAMP_BYTES);
    if (!o->senders || !o->rooms || !o->window || !o->handshakes || o->rate < 1)
        die("--senders, --rooms, --window, --handshakes and --rate start at 1");
    if (o->senders + o->frozen > o->members)
        die("--members %u is less than the senders and the frozen", o->members);
}

static void read_options(int count, char **words)
{
    int key, index = 0;
    run.mode = find_mode("window");
    while ((key = getopt_long(count, words, "", names, &index)) != -1)
        take_option(key, names[index].name);
    if (optind < count)
        die("'%s' is not an option; --help tells more", words[optind]);
    check_options();
}

static void raise_file_limit(void)
{
    struct rlimit wanted = {1 << 20, 1 << 20}, limit;
    if (!setrlimit(RLIMIT_NOFILE, &wanted))
        return;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void enter(enum phase phase, double seconds)
{
    run.phase = phase;
    phase_ends = run.now + (uint64_t)(seconds * 1e9);
}

static bool all_arrived(void)
{
    return run.deliveries == run.sent * run.listeners &&
           (!run.options.ack || run.acknowledged == run.sent);
}

static void finish(void)
{
    if (run.phase == MEASURING)
        snapshot_end();
    run.phase = FINISHED;
}

static void hold_until_stdin_ends(void)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &stdin_key};
    snapshot_start();
    enter(MEASURING, 1e6);
    if (epoll_ctl(run.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event))
        finish(); /* a file or /dev/null: at its end already */
}

static void all_joined(void)
{
    print_ready((double)(run.now - began) / 1e9);
    if (run.mode->only_registers) {
        hold_until_stdin_ends();
        return;
    }
    enter(WARMING, run.options.warmup);
    if (run.mode->start)
        run.mode->start();
}

static bool all_said(void)
{
    return run.options.messages && run.sent >= run.options.messages && all_arrived();
}

/* A slow server may take long to deliver what it has taken: wait while it does. */
static void prolong_draining(void)
{
    static uint64_t seen;
    if (run.phase == DRAINING && run.deliveries != seen)
        enter(DRAINING, run.options.drain);
    seen = run.deliveries;
}

static void change_phase(void)
{
    prolong_draining();
    bool over = run.now >= phase_ends || all_said();
    if (run.phase == JOINING && run.ready == run.count)
        all_joined();
    else if (run.phase == JOINING && run.now - began > (uint64_t)(JOIN_SECONDS * 1e9))
        die("%u of %u joined within %.0f s", run.ready, run.count, JOIN_SECONDS);
    else if (run.phase == WARMING && over) {
        if (run.size != run.options.size)
            prepare_frames(run.options.size);
        snapshot_start();
        enter(MEASURING, run.options.seconds);
    } else if (run.phase == MEASURING && over) {
        snapshot_end();
        enter(DRAINING, run.options.drain);
    } else if (run.phase == DRAINING && (over || all_arrived() || !run.mode->start))
        finish();
    else if (run.closed && run.closed == run.count)
        finish();
}

static void serve(struct epoll_event *event)
{
    struct connection *connection = event->data.ptr;
    if (event->data.ptr == &stdin_key) {
        finish();
        return;
    }
    if (event->events & EPOLLOUT) {
        if (connection->state == CONNECTING && !connection->step)
            connected(connection);
        else
            flush(connection);
    }
    if (event->events & ~(uint32_t)EPOLLOUT && connection->state != CLOSED)
        receive(connection);
}

static void turn(void)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(run.epoll, events, EVENTS,
                           run.mode->spins && run.phase != JOINING ? 0 : TICK_MS);
    run.now = clock_ns();
    for (int i = 0; i < count; i++)
        serve(&events[i]);
    if (run.mode->tick) {
        run.now = clock_ns();
        run.mode->tick();
    }
    if (run.phase == JOINING)
        open_more();
    flush_due();
    change_phase();
}

int main(int count, char **words)
{
    read_options(count, words);
    raise_file_limit();
    run.epoll = epoll_create1(EPOLL_CLOEXEC);
    run.now = began = clock_ns();
    /* a raw stream is marked with 0; everyone else's tag tells runs apart */
    run.tag = strcmp(run.protocol->name, "raw") ? 1 + (uint32_t)(began >> 10) % 4095 : 0;
    make_connections();
    if (run.mode->start) {
        prepare_rings();
        prepare_frames(run.options.warmup_size);
    }
    while (run.phase != FINISHED)
        turn();
    print_result();
    return 0;
}
