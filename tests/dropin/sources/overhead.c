/* What a call costs that speaks to nobody: overhead CALLS. Prints ns: of a call that is never as the one before it, and
 * of one that always is. */
#include <qhyccd.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int count, char **words) {
    int calls = count > 1 ? atoi(words[1]) : 100000;
    SetQHYCCDLogLevel(0);
    double begin = now_ns();
    for (int i = 0; i < calls; i++) SetQHYCCDLogLevel((uint8_t)i);
    double changing = (now_ns() - begin) / calls;
    begin = now_ns();
    for (int i = 0; i < calls; i++) SetQHYCCDLogLevel(7);
    printf("{\"changing_ns\": %.1f, \"same_ns\": %.1f}\n", changing, (now_ns() - begin) / calls);
    return 0;
}
