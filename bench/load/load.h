/* The load generator: what its parts share. One thread, one epoll, one run. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "histogram.h"
#include "stamp.h"

#define CARRY_BYTES (STAMP_BYTES - 1)
#define RECEIVE_BYTES (64 * 1024)
#define NAME_BYTES 16
#define FRAME_HEAD_BYTES 14
#define FINAL_TEXT 0x81   /* a whole text in one frame */
#define CONTROL_BYTES 125 /* RFC 6455: a control frame carries no more */

struct bytes {
    const char *at;
    size_t length;
};

/* Before `say` is sent, `await` must have been seen. In `say`, %n is the
 * member's name and %r the room. */
struct step {
    struct bytes await, say;
};

struct protocol {
    const char *name;
    const struct step *steps;
    unsigned registered; /* so many steps make a registered client */
    unsigned joined;     /* so many make a member of a room */
    struct bytes frame;  /* what stands before the text; %s its size, %v MQTT's length */
    struct bytes acknowledged_frame; /* the same, asking for an ACK */
    struct bytes frame_end;
    struct bytes ping, pong;
    struct bytes ping_end; /* if the PONG is to repeat what stands before it */
    struct bytes refusal; /* seen while joining, it ends the run */
    bool echoes;    /* who speaks hears it as well: passed over, the others are what counts */
    bool framed;    /* each text is a WebSocket frame; the first step asks for WebSocket */
    bool quick_ack; /* for a server that leaves Nagle's algorithm on: no 40 ms waits */
};

/* Where in the stream of WebSocket frames a connection's reading is. */
struct frames {
    bool upgraded, is_open; /* the HTTP answer is over; a frame's head is, and its content not */
    unsigned char head[FRAME_HEAD_BYTES];
    unsigned head_bytes, matched, control_bytes;
    uint64_t left; /* of the frame's content */
    char control[CONTROL_BYTES];
};

enum state { UNOPENED, CONNECTING, READY, FROZEN, CLOSED };

struct connection {
    int fd;
    struct ssl_st *tls; /* none without --tls */
    enum state state;
    uint32_t index, room, seat; /* the first seats of a room are its senders */
    unsigned step;
    uint32_t *expected; /* the next sequence number due from each sender */
    uint32_t previous_gap;
    unsigned carried;
    char carry[CARRY_BYTES];
    char name[NAME_BYTES], room_name[NAME_BYTES];
    struct frames frames; /* of a framed protocol only */
    /* of senders only */
    char *frame;
    uint32_t sent, acknowledged, in_flight;
    uint32_t *heard; /* ring: how many have each message that is in flight */
    char *out;
    size_t out_start, out_end, out_size;
    bool waits_for_room, due;
};

struct mode {
    const char *name;
    void (*start)(void);
    void (*heard_by_all)(struct connection *sender, uint64_t sent_at);
    void (*acknowledged)(struct connection *sender);
    void (*refill)(struct connection *sender); /* after a batch, for senders marked due */
    void (*tick)(void);
    bool all_speak, spins, times_each_delivery, only_registers;
};

struct options {
    const char *host;
    uint16_t port;
    uint32_t rooms, members, senders, frozen, size, warmup_size, window, messages,
        handshakes;
    double rate, warmup, seconds, drain;
    bool ack, tls;
    int server_pid;
};

enum phase { JOINING, WARMING, MEASURING, DRAINING, FINISHED };

struct run {
    struct options options;
    const struct protocol *protocol;
    const struct mode *mode;
    enum phase phase;
    struct connection *connections;
    uint32_t count, opened, ready, closed;
    uint32_t tag;
    uint32_t listeners; /* how many should hear each message */
    uint32_t size;      /* of the texts now being sent */
    uint32_t ring_mask;
    int epoll;
    uint64_t now;
    struct connection **due;
    uint32_t due_count;
    size_t frame_bytes, head_bytes, stamp_offset, ref_offset;
    /* what happened */
    uint64_t sent, deliveries, completed, acknowledged, bytes;
    uint64_t lost, repeated, misplaced, pings;
    struct histogram latency;
    char last_words[256]; /* of the first connection that the server closed */
};

extern struct run run;

/* protocols.c */
const struct protocol *find_protocol(const char *name);
const char *protocol_names(void);
size_t expand(char *to, struct bytes pattern, const struct connection *member);

/* connect.c */
void make_connections(void);
void open_more(void);
void connected(struct connection *connection);
void advance_handshake(struct connection *connection, const char *at, size_t length);
void watch(struct connection *connection, bool for_room);
void close_connection(struct connection *connection);

/* tls.c */
void begin_tls(struct connection *connection);
ssize_t take_bytes(struct connection *connection, void *to, size_t size);
ssize_t give_bytes(struct connection *connection, const void *from, size_t size);

/* receive.c */
void receive(struct connection *connection);

/* websocket.c */
size_t put_frame_head(char *to, unsigned char first, size_t text_bytes);
void mask_text(char *at, size_t length);
size_t unframe(struct connection *connection, char *at, size_t length);

/* send.c */
void prepare_frames(uint32_t size);
void prepare_rings(void);
void queue_bytes(struct connection *connection, const char *at, size_t length);
void queue_frame(struct connection *connection, unsigned char first, const char *at, size_t length);
void speak(struct connection *sender, uint64_t time_ns);
void mark_due(struct connection *sender);
void flush(struct connection *connection);
void flush_due(void);

/* modes.c */
const struct mode *find_mode(const char *name);
const char *mode_names(void);

/* report.c */
void snapshot_start(void);
void snapshot_end(void);
void print_ready(double seconds);
void print_result(void);

/* main.c */
uint64_t clock_ns(void);
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
