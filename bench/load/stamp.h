/* The stamp: what the generator writes at the end of each text, so that one
 * memchr finds every delivery in any protocol, whatever frame surrounds it.
 *
 *     |  TAG(3) SENDER(5)  SEQUENCE(8)  TIME(16)
 *
 * Numbers are written in the sixteen characters '@' to 'O', whose low four bits
 * are the digit's value: all protocols carry them as they are, the mark is
 * not among them, and eight of them decode without a branch.
 */
#ifndef STAMP_H
#define STAMP_H

#include <stdint.h>
#include <string.h>

#define STAMP_MARK '|'
#define STAMP_BYTES 33
#define ACK_MARK '^'
#define ACK_BYTES 9
#define SENDER_BITS 20
#define SENDER_MASK ((1u << SENDER_BITS) - 1)

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "word_at reads little-endian");

static inline uint32_t word_at(const char *from)
{
    uint64_t digits;
    memcpy(&digits, from, 8);
    digits &= 0x0f0f0f0f0f0f0f0f;
    digits = (digits << 4 | digits >> 8) & 0x00ff00ff00ff00ff;
    digits = (digits << 8 | digits >> 16) & 0x0000ffff0000ffff;
    return (uint32_t)(digits << 16 | digits >> 32);
}

static inline void put_word(char *to, uint32_t word)
{
    for (int place = 7; place >= 0; place--, word >>= 4)
        to[place] = (char)('@' | (word & 15));
}

static inline uint64_t stamp_time(const char *mark)
{
    return (uint64_t)word_at(mark + 17) << 32 | word_at(mark + 25);
}

static inline void put_stamp(char *to, uint32_t tag, uint32_t sender, uint32_t sequence,
                             uint64_t time_ns)
{
    to[0] = STAMP_MARK;
    put_word(to + 1, tag << SENDER_BITS | sender);
    put_word(to + 9, sequence);
    put_word(to + 17, (uint32_t)(time_ns >> 32));
    put_word(to + 25, (uint32_t)time_ns);
}

#endif
