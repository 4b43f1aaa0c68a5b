/* Calls that can be told apart: many_threads THREADS CALLS. The number that call i of thread t gives is t * 2^24 + i. */
#include <pthread.h>
#include <qhyccd.h>
#include <stdlib.h>

#define MOST_THREADS 64

static uint32_t calls;

static void *work(void *given) {
    uint32_t thread = (uint32_t)(uintptr_t)given;
    for (uint32_t i = 0; i < calls; i++) SetQHYCCDBufferNumber(thread << 24 | i);
    return NULL;
}

int main(int count, char **words) {
    if (count != 3) return 2;
    int threads = atoi(words[1]);
    if (threads < 1 || threads > MOST_THREADS) return 2;
    calls = (uint32_t)atoi(words[2]);
    pthread_t workers[MOST_THREADS];
    for (int i = 0; i < threads; i++) pthread_create(&workers[i], NULL, work, (void *)(uintptr_t)i);
    for (int i = 0; i < threads; i++) pthread_join(workers[i], NULL);
    return 0;
}
