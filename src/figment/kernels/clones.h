// One macro that compiles a kernel once per instruction set and picks the best at load time.
#pragma once

// Put FIGMENT_CLONES before a function of plain loops. It is for functions that do much work in a
// call, since each call goes through a pointer, and for sources in kernels/ only.
//
// The two compilers need different words. g++ takes levels, which bring fused multiply-add along.
// clang 14 takes levels too, but then tests the wrong thing at load time and would run AVX-512 on
// any machine, so it gets single features; its AVX2 version therefore has no fused multiply-add.
// The sanitizers' own start-up cannot bear the resolvers.
#if !defined(__x86_64__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FIGMENT_CLONES
#elif defined(__clang__)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define FIGMENT_CLONES
#else
#define FIGMENT_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#elif defined(__GNUC__) && __GNUC__ >= 12
#define FIGMENT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FIGMENT_CLONES
#endif
