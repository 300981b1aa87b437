/* The result: one JSON object on stdout. */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

struct snapshot {
    uint64_t time, deliveries, completed, acknowledged, sent, bytes;
    double generator_cpu, generator_user, server_cpu;
};

static struct snapshot before, after;

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* User and system time of --server-pid; 0 when not asked for or gone. */
static double server_cpu_seconds(void)
{
    char path[64];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", run.options.server_pid);
    FILE *file = run.options.server_pid ? fopen(path, "r") : NULL;
    if (!file)
        return 0;
    if (fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system) != 2)
        user = system = 0;
    fclose(file);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void take(struct snapshot *snapshot)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    *snapshot = (struct snapshot){
        .time = clock_ns(), .deliveries = run.deliveries, .completed = run.completed,
        .acknowledged = run.acknowledged, .sent = run.sent, .bytes = run.bytes,
        .generator_cpu = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
        .generator_user = seconds_of(usage.ru_utime), .server_cpu = server_cpu_seconds(),
    };
}

void snapshot_start(void)
{
    histogram_clear(&run.latency);
    take(&before);
}

void snapshot_end(void)
{
    take(&after);
}

/* What each receiver should have got and has not, beside the gaps already counted. */
static uint64_t missing(void)
{
    uint64_t missing = 0;
    if (!run.mode->start)
        return 0;
    for (uint32_t index = 0; index < run.count; index++) {
        struct connection *receiver = &run.connections[index];
        struct connection *room = &run.connections[receiver->room * run.options.members];
        if (receiver->state == FROZEN)
            continue;
        for (uint32_t seat = 0; seat < run.options.senders; seat++)
            if (&room[seat] != receiver)
                missing += room[seat].sent - receiver->expected[seat];
    }
    return missing;
}

static void print_latency(double quantile, const char *name)
{
    printf("\"%s_us\":%.2f,", name, (double)histogram_quantile(&run.latency, quantile) / 1e3);
}

static void print_rates(double seconds)
{
    double deliveries = (double)(after.deliveries - before.deliveries);
    printf("\"deliveries_per_second\":%.0f,", deliveries / seconds);
    printf("\"messages_per_second\":%.0f,", (double)(after.completed - before.completed) / seconds);
    printf("\"sent_per_second\":%.0f,", (double)(after.sent - before.sent) / seconds);
    printf("\"acknowledged_per_second\":%.0f,",
           (double)(after.acknowledged - before.acknowledged) / seconds);
    printf("\"bytes_per_delivery\":%.1f,",
           deliveries ? (double)(after.bytes - before.bytes) / deliveries : 0.0);
    printf("\"generator_cpu\":%.3f,", (after.generator_cpu - before.generator_cpu) / seconds);
    printf("\"generator_user\":%.3f,",
           (after.generator_user - before.generator_user) / seconds);
    printf("\"server_cpu\":%.3f,", (after.server_cpu - before.server_cpu) / seconds);
}

void print_ready(double seconds)
{
    printf("{\"event\":\"ready\",\"connections\":%u,\"connect_seconds\":%.3f,"
           "\"connects_per_second\":%.0f}\n",
           run.ready, seconds, run.ready / seconds);
    fflush(stdout);
}

void print_result(void)
{
    double seconds = (double)(after.time - before.time) / 1e9;
    uint64_t lost = run.lost + missing();
    bool ok = !lost && !run.repeated && !run.misplaced && !run.closed &&
              (!run.options.ack || run.acknowledged == run.sent);
    printf("{\"event\":\"result\",\"ok\":%s,\"protocol\":\"%s\",\"mode\":\"%s\",",
           ok ? "true" : "false", run.protocol->name, run.mode->name);
    printf("\"connections\":%u,\"seconds\":%.3f,", run.count, seconds);
    print_rates(seconds);
    print_latency(0.5, "p50");
    print_latency(0.99, "p99");
    print_latency(0.999, "p999");
    print_latency(1, "max");
    printf("\"latencies\":%llu,\"sent\":%llu,\"delivered\":%llu,\"acknowledged\":%llu,",
           (unsigned long long)run.latency.total, (unsigned long long)run.sent,
           (unsigned long long)run.deliveries, (unsigned long long)run.acknowledged);
    printf("\"lost\":%llu,\"repeated_or_late\":%llu,\"misplaced\":%llu,\"closed\":%u,",
           (unsigned long long)lost, (unsigned long long)run.repeated,
           (unsigned long long)run.misplaced, run.closed);
    printf("\"pings\":%llu,\"last_words\":\"%s\"}\n", (unsigned long long)run.pings,
           run.last_words);
}
