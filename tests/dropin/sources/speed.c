/* What a live frame costs, in units of a memcpy of its size in the same process: speed FRAMES.
 * Prints JSON: bytes, medians of copy, frame and poll, ns. */
#include <qhyccd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST 1000
#define POLLS 20000

static double now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, ascending);
    return values[count / 2];
}

int main(int count, char **words) {
    int frames = count > 1 ? atoi(words[1]) : 10, seen = 0, polls = 0;
    if (frames < 1 || frames > MOST) return 2;
    static double copied[MOST], fetched[MOST], polled[POLLS];
    char id[64];
    uint32_t w, h, bpp, channels;
    InitQHYCCDResource();
    if (ScanQHYCCD() == 0 || GetQHYCCDId(0, id) != 0) return 3;
    qhyccd_handle *camera = OpenQHYCCD(id);
    if (!camera) return 4;
    SetQHYCCDStreamMode(camera, 1);
    InitQHYCCD(camera);
    SetQHYCCDBitsMode(camera, 16);
    SetQHYCCDResolution(camera, 24, 34, 9576, 6388);
    SetQHYCCDParam(camera, 8, 1000);
    size_t bytes = (size_t)9576 * 6388 * 2;
    char *image = malloc(bytes), *other = malloc(bytes);
    if (!image || !other) return 5;
    memset(image, 1, bytes);
    memset(other, 2, bytes);
    if (BeginQHYCCDLive(camera) != 0) return 6;
    double end = now_ns() + 120e9;
    while (seen < frames && now_ns() < end) {
        double begin = now_ns();
        uint32_t result = GetQHYCCDLiveFrame(camera, &w, &h, &bpp, &channels, image);
        double took = now_ns() - begin;
        if (result != 0) {
            if (polls < POLLS) polled[polls++] = took;
            nanosleep(&(struct timespec){0, 200000}, NULL);
            continue;
        }
        fetched[seen] = took;
        begin = now_ns();
        memcpy(other, image, bytes);
        copied[seen++] = now_ns() - begin;
    }
    StopQHYCCDLive(camera);
    CloseQHYCCD(camera);
    ReleaseQHYCCDResource();
    if (seen < frames || polls == 0) return 7;
    printf("{\"bytes\": %zu, \"copy_ns\": %.0f, \"frame_ns\": %.0f, \"poll_ns\": %.0f}\n", bytes, median(copied, seen),
           median(fetched, seen), median(polled, polls));
    return 0;
}
