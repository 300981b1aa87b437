/* Durations in nanoseconds, each kept to within 0.8 %: 128 buckets for each
 * power of two. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>
#include <string.h>

#define HISTOGRAM_STEPS 7
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_STEPS + 1) << HISTOGRAM_STEPS)

struct histogram {
    uint64_t total;
    uint64_t longest;
    uint64_t count[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_bucket(uint64_t value)
{
    if (value < 1u << HISTOGRAM_STEPS)
        return (unsigned)value;
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_STEPS;
    return (shift << HISTOGRAM_STEPS) + (unsigned)(value >> shift);
}

static inline uint64_t histogram_lower_edge(unsigned bucket)
{
    if (bucket < 2u << HISTOGRAM_STEPS)
        return bucket;
    unsigned shift = (bucket >> HISTOGRAM_STEPS) - 1;
    return (uint64_t)(bucket - (shift << HISTOGRAM_STEPS)) << shift;
}

static inline void histogram_add(struct histogram *h, uint64_t value)
{
    h->total++;
    h->count[histogram_bucket(value)]++;
    if (value > h->longest)
        h->longest = value;
}

/* The value that `share` (0 to 1) of all values do not pass; 0 when empty. */
static inline uint64_t histogram_quantile(const struct histogram *h, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)h->total + 0.5), seen = 0;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += h->count[bucket];
        if (seen && seen >= wanted)
            return histogram_lower_edge(bucket);
    }
    return h->longest;
}

static inline void histogram_clear(struct histogram *h)
{
    memset(h, 0, sizeof *h);
}

#endif
