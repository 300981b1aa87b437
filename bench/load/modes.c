/* What is done with the connections once all have joined. */
#include "load.h"

static bool sending(void)
{
    return (run.phase == WARMING || run.phase == MEASURING) &&
           (!run.options.messages || run.sent < run.options.messages);
}

static void each_sender(void (*visit)(struct connection *))
{
    for (uint32_t index = 0; index < run.count; index++)
        if (run.connections[index].seat < run.options.senders)
            visit(&run.connections[index]);
}

/* window: each sender keeps so many messages in flight. */

static void window_start(void)
{
    each_sender(mark_due);
}

static void window_heard(struct connection *sender, uint64_t sent_at)
{
    histogram_add(&run.latency, run.now - sent_at);
    sender->in_flight--;
    mark_due(sender);
}

static void window_refill(struct connection *sender)
{
    while (sender->in_flight < run.options.window && sending())
        speak(sender, run.now);
}

/* token: in each room one speaks, and when all have heard, the next. */

static void say_one(struct connection *sender)
{
    if (!sending())
        return;
    speak(sender, run.now);
    mark_due(sender);
}

static void token_start(void)
{
    for (uint32_t room = 0; room < run.options.rooms; room++)
        say_one(&run.connections[room * run.options.members]);
}

static void token_heard(struct connection *sender, uint64_t sent_at)
{
    histogram_add(&run.latency, run.now - sent_at);
    uint32_t next = (sender->seat + 1) % run.options.members;
    say_one(&run.connections[sender->room * run.options.members + next]);
}

/* rate: open loop. A message is due at its time whether or not the ones before
 * it have arrived, and its latency counts from then. */

static uint64_t rate_next, rate_step;
static uint32_t rate_turn;

static void rate_start(void)
{
    rate_step = (uint64_t)(1e9 / run.options.rate);
    rate_next = run.now;
}

static void rate_tick(void)
{
    for (; sending() && rate_next <= run.now; rate_next += rate_step) {
        struct connection *sender = &run.connections[rate_turn++ % run.options.senders];
        speak(sender, rate_next);
        mark_due(sender);
    }
}

/* ack: one sender waits for each ACK. */

static uint64_t ack_sent_at;

static void ack_start(void)
{
    ack_sent_at = run.now;
    say_one(&run.connections[0]);
}

static void ack_acknowledged(struct connection *sender)
{
    histogram_add(&run.latency, run.now - ack_sent_at);
    run.completed++;
    ack_sent_at = run.now;
    say_one(sender);
}

static const struct mode modes[] = {
    {.name = "window", .start = window_start, .heard_by_all = window_heard,
     .refill = window_refill},
    {.name = "token", .start = token_start, .heard_by_all = token_heard, .all_speak = true},
    {.name = "rate", .start = rate_start, .tick = rate_tick, .spins = true,
     .times_each_delivery = true},
    {.name = "ack", .start = ack_start, .acknowledged = ack_acknowledged},
    {.name = "receive"},
    {.name = "idle", .only_registers = true},
};

const struct mode *find_mode(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(modes[i].name, name))
            return &modes[i];
    return NULL;
}

const char *mode_names(void)
{
    return "window, token, rate, ack, receive, idle";
}
