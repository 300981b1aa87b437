/* Sending: frames are built once for each sender; a message is a copy of its
 * frame with a fresh stamp. What the socket does not take waits. */
#include "load.h"

#include <errno.h>
#include <stdlib.h>

static struct bytes frame_start(void)
{
    return run.options.ack ? run.protocol->acknowledged_frame : run.protocol->frame;
}

static void check_marks(const char *frame, size_t length)
{
    if (memchr(frame, STAMP_MARK, length))
        die("--size %u puts the mark '%c' into the frame's own header: take one more", run.size,
            STAMP_MARK);
}

static void prepare_frame(struct connection *sender)
{
    char start[256], head[FRAME_HEAD_BYTES];
    struct bytes end = run.protocol->frame_end;
    size_t length = expand(start, frame_start(), sender);
    check_marks(start, length);
    const char *ref = memchr(start, ACK_MARK, length);
    size_t text_bytes = length + run.size + end.length;
    run.head_bytes = run.protocol->framed ? put_frame_head(head, FINAL_TEXT, text_bytes) : 0;
    run.stamp_offset = run.head_bytes + length + run.size - STAMP_BYTES;
    run.ref_offset = run.options.ack && ref ? run.head_bytes + (size_t)(ref - start) : 0;
    run.frame_bytes = run.head_bytes + text_bytes;
    sender->frame = realloc(sender->frame, run.frame_bytes);
    memset(sender->frame, 'x', run.frame_bytes);
    memcpy(sender->frame, head, run.head_bytes);
    memcpy(sender->frame + run.head_bytes, start, length);
    memcpy(sender->frame + run.frame_bytes - end.length, end.at, end.length);
}

/* From now on, texts have `size` bytes. */
void prepare_frames(uint32_t size)
{
    run.size = size;
    for (uint32_t index = 0; index < run.count; index++)
        if (run.connections[index].seat < run.options.senders)
            prepare_frame(&run.connections[index]);
}

/* Where it matters who has heard a message: a count for each in flight. */
void prepare_rings(void)
{
    run.listeners = run.options.members - 1 - run.options.frozen;
    run.ring_mask = 1;
    while (run.ring_mask < run.options.window)
        run.ring_mask <<= 1;
    run.ring_mask--;
    if (!run.mode->heard_by_all || !run.listeners)
        return;
    for (uint32_t index = 0; index < run.count; index++)
        if (run.connections[index].seat < run.options.senders)
            run.connections[index].heard = calloc(run.ring_mask + 1, sizeof(uint32_t));
}

static char *claim(struct connection *connection, size_t length)
{
    if (connection->out_end + length > connection->out_size) {
        size_t waiting = connection->out_end - connection->out_start;
        if (connection->out_start)
            memmove(connection->out, connection->out + connection->out_start, waiting);
        connection->out_start = 0;
        connection->out_end = waiting;
        if (waiting + length > connection->out_size) {
            connection->out_size = 2 * (waiting + length);
            connection->out = realloc(connection->out, connection->out_size);
        }
    }
    char *place = connection->out + connection->out_end;
    connection->out_end += length;
    return place;
}

void queue_bytes(struct connection *connection, const char *at, size_t length)
{
    if (connection->frames.upgraded)
        queue_frame(connection, FINAL_TEXT, at, length);
    else
        memcpy(claim(connection, length), at, length);
}

/* A WebSocket frame, whose kind its first byte says. */
void queue_frame(struct connection *connection, unsigned char first, const char *at, size_t length)
{
    char head[FRAME_HEAD_BYTES];
    size_t head_bytes = put_frame_head(head, first, length);
    char *frame = claim(connection, head_bytes + length);
    memcpy(frame, head, head_bytes);
    memcpy(frame + head_bytes, at, length);
    mask_text(frame + head_bytes, length);
}

/* Queues the sender's next message; `time_ns` is when it was meant to be sent. */
void speak(struct connection *sender, uint64_t time_ns)
{
    char *frame = claim(sender, run.frame_bytes);
    memcpy(frame, sender->frame, run.frame_bytes);
    put_stamp(frame + run.stamp_offset, run.tag, sender->index, sender->sent, time_ns);
    if (run.ref_offset)
        put_word(frame + run.ref_offset + 1, sender->sent);
    if (run.head_bytes)
        mask_text(frame + run.head_bytes, run.frame_bytes - run.head_bytes);
    sender->sent++;
    sender->in_flight++;
    run.sent++;
}

void mark_due(struct connection *sender)
{
    if (sender->due)
        return;
    sender->due = true;
    run.due[run.due_count++] = sender;
}

void flush(struct connection *connection)
{
    while (connection->out_start < connection->out_end) {
        ssize_t taken = give_bytes(connection, connection->out + connection->out_start,
                                   connection->out_end - connection->out_start);
        if (taken < 0)
            break; /* a broken connection is noticed where it is read */
        connection->out_start += (size_t)taken;
    }
    bool waits = connection->out_start < connection->out_end && errno == EAGAIN;
    if (!waits)
        connection->out_start = connection->out_end = 0;
    if (waits != connection->waits_for_room)
        watch(connection, waits);
}

void flush_due(void)
{
    for (uint32_t i = 0; i < run.due_count; i++) {
        struct connection *sender = run.due[i];
        sender->due = false;
        if (sender->state != READY)
            continue;
        if (run.mode->refill)
            run.mode->refill(sender);
        flush(sender);
    }
    run.due_count = 0;
}
