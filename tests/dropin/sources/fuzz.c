/* Calls without sense from many threads: fuzz CALLS THREADS SEED. Prints how many calls were made.
 *
 * Handles are open, closed, null or invented; values are wild; a null pointer is given wherever something is written.
 * Images have room for the largest frame of a QHY42 Pro, on which it runs. */
#include <pthread.h>
#include <qhyccd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_THREADS 64
#define ROOM (40u << 20)

static qhyccd_handle *_Atomic open_camera;
static qhyccd_handle *_Atomic closed_camera;
static char id[64];
static long calls_each;
static atomic_long made;

static uint32_t draw(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static qhyccd_handle *any_handle(uint64_t *state) {
    switch (draw(state) % 8) {
        case 0: return NULL;
        case 1: return (qhyccd_handle *)(uintptr_t)(0xDEADBEEF0u + draw(state));
        case 2: return atomic_load(&closed_camera);
        default: return atomic_load(&open_camera);
    }
}

static double wild(uint64_t *state) {
    static const double known[] = {0, 1, -5, 1000, 4e9, -1e300, 1e300, 0.5, 36, 20000};
    uint32_t which = draw(state) % 14;
    if (which < 10) return known[which];
    if (which == 10) return __builtin_nan("");
    if (which == 11) return __builtin_inf();
    return (double)draw(state) / (1 + draw(state) % 100);
}

static void one_call(uint64_t *state, unsigned char *image) {
    qhyccd_handle *camera = any_handle(state);
    uint32_t a = draw(state) % 3 ? draw(state) % 100 : draw(state), b = draw(state) % 5 ? draw(state) % 8 : draw(state);
    uint32_t u[6], *n[6];
    uint8_t flag, block[128];
    double d[3], *p[3];
    char text[1100], *words = draw(state) % 4 ? text : NULL;
    for (int i = 0; i < 6; i++) n[i] = draw(state) % 4 ? &u[i] : NULL;
    for (int i = 0; i < 3; i++) p[i] = draw(state) % 4 ? &d[i] : NULL;
    switch (draw(state) % 44) {
        case 0: GetQHYCCDParam(camera, (int)a); break;
        case 1: SetQHYCCDParam(camera, (int)a, wild(state)); break;
        case 2: IsQHYCCDControlAvailable(camera, (int)a); break;
        case 3: GetQHYCCDParamMinMaxStep(camera, (int)a, p[0], p[1], p[2]); break;
        case 4: GetQHYCCDChipInfo(camera, p[0], p[1], n[0], n[1], p[2], p[0], n[2]); break;
        case 5: GetQHYCCDEffectiveArea(camera, n[0], n[1], n[2], n[3]); break;
        case 6: GetQHYCCDOverScanArea(camera, n[0], n[1], n[2], n[3]); break;
        case 7: GetQHYCCDCurrentROI(camera, n[0], n[1], n[2], n[3]); break;
        case 8: SetQHYCCDBinMode(camera, b, b); break;
        case 9: SetQHYCCDResolution(camera, a, b, 16 + draw(state) % 64, 16 + draw(state) % 64); break;
        case 10: SetQHYCCDResolution(camera, draw(state), draw(state), draw(state), draw(state)); break;
        case 11: SetQHYCCDBitsMode(camera, a); break;
        case 12: GetQHYCCDMemLength(camera); break;
        case 13: GetQHYCCDReadModeName(camera, b, words); break;
        case 14: GetQHYCCDReadModeResolution(camera, b, n[0], n[1]); break;
        case 15: SetQHYCCDReadMode(camera, b); break;
        case 16: GetQHYCCDReadMode(camera, n[0]); break;
        case 17: GetQHYCCDNumberOfReadModes(camera, n[0]); break;
        case 18: SetQHYCCDStreamMode(camera, (uint8_t)b); break;
        case 19: if (draw(state) % 50 == 0) InitQHYCCD(camera); break;
        case 20: ExpQHYCCDSingleFrame(camera); break;
        case 21: GetQHYCCDSingleFrame(camera, n[0], n[1], n[2], n[3], draw(state) % 4 ? image : NULL); break;
        case 22: CancelQHYCCDExposingAndReadout(camera); break;
        case 23: if (draw(state) % 20 == 0) BeginQHYCCDLive(camera); break;
        case 24: StopQHYCCDLive(camera); break;
        case 25: case 26: case 27:
            GetQHYCCDLiveFrame(camera, n[0], n[1], n[2], n[3], draw(state) % 4 ? image : NULL); break;
        case 28: GetQHYCCDExposureRemaining(camera); break;
        case 29: GetQHYCCDPreciseExposureInfo(camera, n[0], n[1], n[2], n[3], n[4], n[5], &flag); break;
        case 30: GetQHYCCDRollingShutterEndOffset(camera, a, p[0]); break;
        case 31: SetQHYCCDBurstModeStartEnd(camera, a, b); break;
        case 32: EnableQHYCCDBurstMode(camera, draw(state) & 1); break;
        case 33: SetQHYCCDBurstIDLE(camera); break;
        case 34: ReleaseQHYCCDBurstIDLE(camera); break;
        case 35: GetQHYCCDCameraStatus(camera, block); break;
        case 36: GetQHYCCDFWVersion(camera, block); break;
        case 37: ScanQHYCCD(); break;
        case 38: GetQHYCCDId(b, words); break;
        case 39:
            memset(text, 'x', sizeof text - 1);
            text[sizeof text - 1] = 0;
            GetQHYCCDModel(draw(state) % 2 ? id : words, (char *)block);
            break;
        case 40: QHYCCD_GainValueToDbGain(camera, wild(state), p[0]); break;
        case 41: SetQHYCCDTrigerFilterTime(camera, a); break;
        case 42: ControlQHYCCDTemp(camera, wild(state)); break;
        case 43:
            if (draw(state) % 200 == 0) {
                qhyccd_handle *old = atomic_load(&open_camera);
                CloseQHYCCD(old);
                atomic_store(&closed_camera, old);
                qhyccd_handle *fresh = OpenQHYCCD(id);
                if (fresh) atomic_store(&open_camera, fresh);
            }
            break;
    }
}

static void *work(void *given) {
    uint64_t state = (uint64_t)(uintptr_t)given * 7919 + 1;
    unsigned char *image = malloc(ROOM);
    for (long i = 0; image && i < calls_each; i++) {
        one_call(&state, image);
        atomic_fetch_add(&made, 1);
    }
    free(image);
    return NULL;
}

int main(int count, char **words) {
    if (count != 4) return 2;
    int threads = atoi(words[2]);
    if (threads < 1 || threads > MOST_THREADS) return 2;
    calls_each = atol(words[1]) / threads;
    InitQHYCCDResource();
    if (ScanQHYCCD() == 0 || GetQHYCCDId(0, id) != 0) return 3;
    atomic_store(&open_camera, OpenQHYCCD(id));
    SetQHYCCDStreamMode(open_camera, 0);
    SetQHYCCDSingleFrameTimeOut(open_camera, 1000);
    InitQHYCCD(open_camera);
    SetQHYCCDResolution(open_camera, 0, 0, 64, 48);
    SetQHYCCDParam(open_camera, 8, 1000);
    pthread_t workers[MOST_THREADS];
    for (int i = 0; i < threads; i++)
        pthread_create(&workers[i], NULL, work, (void *)(uintptr_t)(atol(words[3]) * 100 + i));
    for (int i = 0; i < threads; i++) pthread_join(workers[i], NULL);
    CloseQHYCCD(open_camera);
    ReleaseQHYCCDResource();
    printf("%ld\n", atomic_load(&made));
    return 0;
}
