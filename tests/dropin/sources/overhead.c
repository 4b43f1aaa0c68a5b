/* What a call costs that speaks to nobody: overhead CALLS. Prints ns, the least of ten rounds: of a call that is never
 * as the one before it, and of one that always is. */
#include <qhyccd.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 10

static double now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

static double least(int calls, int step) {
    double found = 1e300;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now_ns();
        for (int i = 0; i < calls; i++) SetQHYCCDBufferNumber((uint32_t)(i * step));
        double took = (now_ns() - begin) / calls;
        if (took < found) found = took;
    }
    return found;
}

int main(int count, char **words) {
    int calls = (count > 1 ? atoi(words[1]) : 100000) / ROUNDS;
    if (calls < 1) return 2;
    SetQHYCCDBufferNumber(1);
    double changing = least(calls, 1), same = least(calls, 0);
    printf("{\"changing_ns\": %.1f, \"same_ns\": %.1f}\n", changing, same);
    return 0;
}
