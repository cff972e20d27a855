@data0 = private unnamed_addr constant [4 x i64] [i64 5, i64 7, i64 5, i64 512], align 64
@data1 = private unnamed_addr constant [1 x ptr] [ptr null], align 64
@data2 = private unnamed_addr constant [6 x i64] [i64 5, i64 7, i64 5, i64 512, i64 0, i64 16], align 64
@data3 = private unnamed_addr constant [4 x i64] [i64 5, i64 0, i64 16, i64 640], align 64
@data4 = private unnamed_addr constant [6 x i64] [i64 5, i64 0, i64 16, i64 640, i64 8, i64 5], align 64
@data5 = private unnamed_addr constant [4 x ptr] [ptr @max_0, ptr @subtract_1, ptr @sum_2, ptr @divide_3], align 64
@data6 = private unnamed_addr constant [8 x ptr] [ptr @data0, ptr @data1, ptr @data2, ptr @data1, ptr @data3, ptr @data1, ptr @data4, ptr @data1], align 64
@data7 = private unnamed_addr constant [12 x i64] [i64 8, i64 1, i64 1, i64 8, i64 1, i64 1, i64 8, i64 1, i64 1, i64 8, i64 1, i64 1], align 64
@context = internal global ptr null, align 64
declare i64 @llvm.expect.i64(i64, i64)
declare <8 x float> @llvm.fma.v8f32(<8 x float>, <8 x float>, <8 x float>)
declare float @llvm.fma.f32(float, float, float)
declare void @llvm.x86.sse2.pause()
declare i64 @llvm.umin.i64(i64, i64)
define internal void @max_0(ptr %context, i64 %thread, i64 %lo, i64 %hi, i64 %step, ptr %numbers, ptr %addresses) nounwind noinline {
entry:
  %v3 = getelementptr inbounds i64, ptr %numbers, i64 0
  %v4 = load i64, ptr %v3, align 8
  %v9 = getelementptr inbounds i64, ptr %numbers, i64 1
  %v10 = load i64, ptr %v9, align 8
  %v11 = getelementptr inbounds i64, ptr %context, i64 %v10
  %v12 = load ptr, ptr %v11, align 8
  %v13 = getelementptr inbounds i64, ptr %numbers, i64 2
  %v14 = load i64, ptr %v13, align 8
  %v23 = getelementptr inbounds i64, ptr %context, i64 0
  %v24 = load ptr, ptr %v23, align 8
  %v25 = getelementptr inbounds i64, ptr %numbers, i64 3
  %v26 = load i64, ptr %v25, align 8
  %v27 = getelementptr inbounds i8, ptr %v24, i64 %v26
  %v2.any = icmp slt i64 %lo, %hi
  br i1 %v2.any, label %loop1.body, label %loop1.end
loop1.body:
  %v2 = phi i64 [ %lo, %entry ], [ %v2.next, %loop6.end ]
  %v5 = and i64 %v4, -8
  %v15 = mul i64 %v2, %v14
  %v16 = getelementptr inbounds float, ptr %v12, i64 %v15
  %v7.any = icmp slt i64 %v5, %v4
  br i1 %v7.any, label %loop6.body, label %loop6.end
loop6.body:
  %v7 = phi i64 [ %v5, %loop1.body ], [ %v7.next, %loop6.body ]
  %v8 = phi float [ 0xFFF0000000000000, %loop1.body ], [ %v22, %loop6.body ]
  %v17 = getelementptr inbounds float, ptr %v16, i64 %v7
  %v18 = load float, ptr %v17, align 1
  %v19 = fcmp ogt float %v8, %v18
  %v20 = select i1 %v19, float %v8, float %v18
  %v21 = fcmp uno float %v8, %v8
  %v22 = select i1 %v21, float %v8, float %v20
  %v7.sum = add nuw nsw i64 %v7, 1
  %v7.next = call i64 @llvm.expect.i64(i64 %v7.sum, i64 1)
  %v7.more = icmp slt i64 %v7.next, %v4
  br i1 %v7.more, label %loop6.body, label %loop6.end
loop6.end:
  %v8.end = phi float [ 0xFFF0000000000000, %loop1.body ], [ %v22, %loop6.body ]
  %v28 = getelementptr inbounds float, ptr %v27, i64 %v2
  store float %v8.end, ptr %v28, align 1
  %v2.sum = add nuw nsw i64 %v2, 1
  %v2.next = call i64 @llvm.expect.i64(i64 %v2.sum, i64 1)
  %v2.more = icmp slt i64 %v2.next, %hi
  br i1 %v2.more, label %loop1.body, label %loop1.end
loop1.end:
  ret void
}
define internal float @exp_float(float %a) nounwind {
entry:
  %v1 = fcmp ogt float %a, 0x4056400000000000
  %v2 = select i1 %v1, float 0x4056400000000000, float %a
  %v3 = fcmp olt float %v2, 0xC05A000000000000
  %v4 = select i1 %v3, float 0xC05A000000000000, float %v2
  %v5 = call float @llvm.fma.f32(float %v4, float 0x3FF7154760000000, float 0x4168001FC0000000)
  %v6 = fsub float %v5, 0x4168001FC0000000
  %v7 = bitcast float %v5 to i32
  %v8 = call float @llvm.fma.f32(float %v6, float 0xBFE6300000000000, float %v4)
  %v9 = call float @llvm.fma.f32(float %v6, float 0x3F2BD01060000000, float %v8)
  %v10 = fmul float %v9, %v9
  %v11 = call float @llvm.fma.f32(float 0x3F56D818A0000000, float %v9, float 0x3F8122BF40000000)
  %v12 = call float @llvm.fma.f32(float %v11, float %v9, float 0x3FA5554D00000000)
  %v13 = call float @llvm.fma.f32(float %v12, float %v9, float 0x3FC5554AA0000000)
  %v14 = call float @llvm.fma.f32(float %v13, float %v9, float 0x3FE0000000000000)
  %v15 = call float @llvm.fma.f32(float %v10, float %v14, float %v9)
  %v16 = fadd float %v15, 0x3FF0000000000000
  %v17 = lshr i32 %v7, 1
  %v18 = shl i32 %v17, 23
  %v19 = bitcast i32 %v18 to float
  %v20 = fmul float %v16, %v19
  %v21 = sub i32 %v7, %v17
  %v22 = shl i32 %v21, 23
  %v23 = bitcast i32 %v22 to float
  %v24 = fmul float %v20, %v23
  ret float %v24
}
define internal void @subtract_1(ptr %context, i64 %thread, i64 %lo, i64 %hi, i64 %step, ptr %numbers, ptr %addresses) nounwind noinline {
entry:
  %v3 = getelementptr inbounds i64, ptr %numbers, i64 0
  %v4 = load i64, ptr %v3, align 8
  %v10 = getelementptr inbounds i64, ptr %numbers, i64 1
  %v11 = load i64, ptr %v10, align 8
  %v12 = getelementptr inbounds i64, ptr %context, i64 %v11
  %v13 = load ptr, ptr %v12, align 8
  %v14 = getelementptr inbounds i64, ptr %numbers, i64 2
  %v15 = load i64, ptr %v14, align 8
  %v20 = getelementptr inbounds i64, ptr %context, i64 0
  %v21 = load ptr, ptr %v20, align 8
  %v22 = getelementptr inbounds i64, ptr %numbers, i64 3
  %v23 = load i64, ptr %v22, align 8
  %v24 = getelementptr inbounds i8, ptr %v21, i64 %v23
  %v54 = getelementptr inbounds i64, ptr %numbers, i64 4
  %v55 = load i64, ptr %v54, align 8
  %v56 = getelementptr inbounds i8, ptr %v21, i64 %v55
  %v57 = getelementptr inbounds i64, ptr %numbers, i64 5
  %v58 = load i64, ptr %v57, align 8
  %v2.any = icmp slt i64 %lo, %hi
  br i1 %v2.any, label %loop1.body, label %loop1.end
loop1.body:
  %v2 = phi i64 [ %lo, %entry ], [ %v2.next, %loop62.end ]
  %v5 = sub i64 %v4, 0
  %v6 = and i64 %v5, -8
  %v7 = add i64 0, %v6
  %v16 = mul i64 %v2, %v15
  %v17 = getelementptr inbounds float, ptr %v13, i64 %v16
  %v25 = getelementptr inbounds float, ptr %v24, i64 %v2
  %v26 = load float, ptr %v25, align 1
  %v27 = insertelement <8 x float> poison, float %v26, i64 0
  %v28 = shufflevector <8 x float> %v27, <8 x float> poison, <8 x i32> zeroinitializer
  %v59 = mul i64 %v2, %v58
  %v60 = getelementptr inbounds float, ptr %v56, i64 %v59
  %v9.any = icmp slt i64 0, %v7
  br i1 %v9.any, label %loop8.body, label %loop8.end
loop8.body:
  %v9 = phi i64 [ 0, %loop1.body ], [ %v9.next, %loop8.body ]
  %v18 = getelementptr inbounds float, ptr %v17, i64 %v9
  %v19 = load <8 x float>, ptr %v18, align 1
  %v29 = fsub <8 x float> %v19, %v28
  %v30 = fcmp ogt <8 x float> %v29, splat (float 0x4056400000000000)
  %v31 = select <8 x i1> %v30, <8 x float> splat (float 0x4056400000000000), <8 x float> %v29
  %v32 = fcmp olt <8 x float> %v31, splat (float 0xC05A000000000000)
  %v33 = select <8 x i1> %v32, <8 x float> splat (float 0xC05A000000000000), <8 x float> %v31
  %v34 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v33, <8 x float> splat (float 0x3FF7154760000000), <8 x float> splat (float 0x4168001FC0000000))
  %v35 = fsub <8 x float> %v34, splat (float 0x4168001FC0000000)
  %v36 = bitcast <8 x float> %v34 to <8 x i32>
  %v37 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v35, <8 x float> splat (float 0xBFE6300000000000), <8 x float> %v33)
  %v38 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v35, <8 x float> splat (float 0x3F2BD01060000000), <8 x float> %v37)
  %v39 = fmul <8 x float> %v38, %v38
  %v40 = call <8 x float> @llvm.fma.v8f32(<8 x float> splat (float 0x3F56D818A0000000), <8 x float> %v38, <8 x float> splat (float 0x3F8122BF40000000))
  %v41 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v40, <8 x float> %v38, <8 x float> splat (float 0x3FA5554D00000000))
  %v42 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v41, <8 x float> %v38, <8 x float> splat (float 0x3FC5554AA0000000))
  %v43 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v42, <8 x float> %v38, <8 x float> splat (float 0x3FE0000000000000))
  %v44 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v39, <8 x float> %v43, <8 x float> %v38)
  %v45 = fadd <8 x float> %v44, splat (float 0x3FF0000000000000)
  %v46 = lshr <8 x i32> %v36, splat (i32 1)
  %v47 = shl <8 x i32> %v46, splat (i32 23)
  %v48 = bitcast <8 x i32> %v47 to <8 x float>
  %v49 = fmul <8 x float> %v45, %v48
  %v50 = sub <8 x i32> %v36, %v46
  %v51 = shl <8 x i32> %v50, splat (i32 23)
  %v52 = bitcast <8 x i32> %v51 to <8 x float>
  %v53 = fmul <8 x float> %v49, %v52
  %v61 = getelementptr inbounds float, ptr %v60, i64 %v9
  store <8 x float> %v53, ptr %v61, align 1
  %v9.sum = add nuw nsw i64 %v9, 8
  %v9.next = call i64 @llvm.expect.i64(i64 %v9.sum, i64 8)
  %v9.more = icmp slt i64 %v9.next, %v7
  br i1 %v9.more, label %loop8.body, label %loop8.end
loop8.end:
  %v63.any = icmp slt i64 %v7, %v4
  br i1 %v63.any, label %loop62.body, label %loop62.end
loop62.body:
  %v63 = phi i64 [ %v7, %loop8.end ], [ %v63.next, %loop62.body ]
  %v64 = getelementptr inbounds float, ptr %v17, i64 %v63
  %v65 = load float, ptr %v64, align 1
  %v66 = fsub float %v65, %v26
  %v67 = call float @exp_float(float %v66)
  %v68 = getelementptr inbounds float, ptr %v60, i64 %v63
  store float %v67, ptr %v68, align 1
  %v63.sum = add nuw nsw i64 %v63, 1
  %v63.next = call i64 @llvm.expect.i64(i64 %v63.sum, i64 1)
  %v63.more = icmp slt i64 %v63.next, %v4
  br i1 %v63.more, label %loop62.body, label %loop62.end
loop62.end:
  %v2.sum = add nuw nsw i64 %v2, 1
  %v2.next = call i64 @llvm.expect.i64(i64 %v2.sum, i64 1)
  %v2.more = icmp slt i64 %v2.next, %hi
  br i1 %v2.more, label %loop1.body, label %loop1.end
loop1.end:
  ret void
}
define internal void @sum_2(ptr %context, i64 %thread, i64 %lo, i64 %hi, i64 %step, ptr %numbers, ptr %addresses) nounwind noinline {
entry:
  %v3 = getelementptr inbounds i64, ptr %numbers, i64 0
  %v4 = load i64, ptr %v3, align 8
  %v9 = getelementptr inbounds i64, ptr %context, i64 0
  %v10 = load ptr, ptr %v9, align 8
  %v11 = getelementptr inbounds i64, ptr %numbers, i64 1
  %v12 = load i64, ptr %v11, align 8
  %v13 = getelementptr inbounds i8, ptr %v10, i64 %v12
  %v14 = getelementptr inbounds i64, ptr %numbers, i64 2
  %v15 = load i64, ptr %v14, align 8
  %v39 = getelementptr inbounds i64, ptr %numbers, i64 3
  %v40 = load i64, ptr %v39, align 8
  %v41 = getelementptr inbounds i8, ptr %v10, i64 %v40
  %v2.any = icmp slt i64 %lo, %hi
  br i1 %v2.any, label %loop1.body, label %loop1.end
loop1.body:
  %v2 = phi i64 [ %lo, %entry ], [ %v2.next, %loop6.end ]
  %v5 = and i64 %v4, -8
  %v16 = mul i64 %v2, %v15
  %v17 = getelementptr inbounds float, ptr %v13, i64 %v16
  %v7.any = icmp slt i64 0, %v4
  br i1 %v7.any, label %loop6.body, label %loop6.end
loop6.body:
  %v7 = phi i64 [ 0, %loop1.body ], [ %v7.next, %loop6.body ]
  %v8 = phi <8 x double> [ splat (double 0x8000000000000000), %loop1.body ], [ %v28, %loop6.body ]
  %v18 = getelementptr inbounds float, ptr %v17, i64 %v7
  %v19 = load <8 x float>, ptr %v18, align 1
  %v20 = fpext <8 x float> %v19 to <8 x double>
  %v21 = fadd <8 x double> %v8, %v20
  %v22 = insertelement <8 x i64> poison, i64 %v7, i64 0
  %v23 = shufflevector <8 x i64> %v22, <8 x i64> poison, <8 x i32> zeroinitializer
  %v24 = add <8 x i64> %v23, <i64 0, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7>
  %v25 = insertelement <8 x i64> poison, i64 %v4, i64 0
  %v26 = shufflevector <8 x i64> %v25, <8 x i64> poison, <8 x i32> zeroinitializer
  %v27 = icmp slt <8 x i64> %v24, %v26
  %v28 = select <8 x i1> %v27, <8 x double> %v21, <8 x double> %v8
  %v7.sum = add nuw nsw i64 %v7, 8
  %v7.next = call i64 @llvm.expect.i64(i64 %v7.sum, i64 8)
  %v7.more = icmp slt i64 %v7.next, %v4
  br i1 %v7.more, label %loop6.body, label %loop6.end
loop6.end:
  %v8.end = phi <8 x double> [ splat (double 0x8000000000000000), %loop1.body ], [ %v28, %loop6.body ]
  %v29 = shufflevector <8 x double> %v8.end, <8 x double> %v8.end, <4 x i32> <i32 0, i32 1, i32 2, i32 3>
  %v30 = shufflevector <8 x double> %v8.end, <8 x double> %v8.end, <4 x i32> <i32 4, i32 5, i32 6, i32 7>
  %v31 = fadd <4 x double> %v29, %v30
  %v32 = shufflevector <4 x double> %v31, <4 x double> %v31, <2 x i32> <i32 0, i32 1>
  %v33 = shufflevector <4 x double> %v31, <4 x double> %v31, <2 x i32> <i32 2, i32 3>
  %v34 = fadd <2 x double> %v32, %v33
  %v35 = extractelement <2 x double> %v34, i64 0
  %v36 = extractelement <2 x double> %v34, i64 1
  %v37 = fadd double %v35, %v36
  %v38 = fptrunc double %v37 to float
  %v42 = getelementptr inbounds float, ptr %v41, i64 %v2
  store float %v38, ptr %v42, align 1
  %v2.sum = add nuw nsw i64 %v2, 1
  %v2.next = call i64 @llvm.expect.i64(i64 %v2.sum, i64 1)
  %v2.more = icmp slt i64 %v2.next, %hi
  br i1 %v2.more, label %loop1.body, label %loop1.end
loop1.end:
  ret void
}
define internal void @divide_3(ptr %context, i64 %thread, i64 %lo, i64 %hi, i64 %step, ptr %numbers, ptr %addresses) nounwind noinline {
entry:
  %v3 = getelementptr inbounds i64, ptr %numbers, i64 0
  %v4 = load i64, ptr %v3, align 8
  %v10 = getelementptr inbounds i64, ptr %context, i64 0
  %v11 = load ptr, ptr %v10, align 8
  %v12 = getelementptr inbounds i64, ptr %numbers, i64 1
  %v13 = load i64, ptr %v12, align 8
  %v14 = getelementptr inbounds i8, ptr %v11, i64 %v13
  %v15 = getelementptr inbounds i64, ptr %numbers, i64 2
  %v16 = load i64, ptr %v15, align 8
  %v21 = getelementptr inbounds i64, ptr %numbers, i64 3
  %v22 = load i64, ptr %v21, align 8
  %v23 = getelementptr inbounds i8, ptr %v11, i64 %v22
  %v29 = getelementptr inbounds i64, ptr %numbers, i64 4
  %v30 = load i64, ptr %v29, align 8
  %v31 = getelementptr inbounds i64, ptr %context, i64 %v30
  %v32 = load ptr, ptr %v31, align 8
  %v33 = getelementptr inbounds i64, ptr %numbers, i64 5
  %v34 = load i64, ptr %v33, align 8
  %v2.any = icmp slt i64 %lo, %hi
  br i1 %v2.any, label %loop1.body, label %loop1.end
loop1.body:
  %v2 = phi i64 [ %lo, %entry ], [ %v2.next, %loop38.end ]
  %v5 = sub i64 %v4, 0
  %v6 = and i64 %v5, -8
  %v7 = add i64 0, %v6
  %v17 = mul i64 %v2, %v16
  %v18 = getelementptr inbounds float, ptr %v14, i64 %v17
  %v24 = getelementptr inbounds float, ptr %v23, i64 %v2
  %v25 = load float, ptr %v24, align 1
  %v26 = insertelement <8 x float> poison, float %v25, i64 0
  %v27 = shufflevector <8 x float> %v26, <8 x float> poison, <8 x i32> zeroinitializer
  %v35 = mul i64 %v2, %v34
  %v36 = getelementptr inbounds float, ptr %v32, i64 %v35
  %v9.any = icmp slt i64 0, %v7
  br i1 %v9.any, label %loop8.body, label %loop8.end
loop8.body:
  %v9 = phi i64 [ 0, %loop1.body ], [ %v9.next, %loop8.body ]
  %v19 = getelementptr inbounds float, ptr %v18, i64 %v9
  %v20 = load <8 x float>, ptr %v19, align 1
  %v28 = fdiv <8 x float> %v20, %v27
  %v37 = getelementptr inbounds float, ptr %v36, i64 %v9
  store <8 x float> %v28, ptr %v37, align 1
  %v9.sum = add nuw nsw i64 %v9, 8
  %v9.next = call i64 @llvm.expect.i64(i64 %v9.sum, i64 8)
  %v9.more = icmp slt i64 %v9.next, %v7
  br i1 %v9.more, label %loop8.body, label %loop8.end
loop8.end:
  %v39.any = icmp slt i64 %v7, %v4
  br i1 %v39.any, label %loop38.body, label %loop38.end
loop38.body:
  %v39 = phi i64 [ %v7, %loop8.end ], [ %v39.next, %loop38.body ]
  %v40 = getelementptr inbounds float, ptr %v18, i64 %v39
  %v41 = load float, ptr %v40, align 1
  %v42 = fdiv float %v41, %v25
  %v43 = getelementptr inbounds float, ptr %v36, i64 %v39
  store float %v42, ptr %v43, align 1
  %v39.sum = add nuw nsw i64 %v39, 1
  %v39.next = call i64 @llvm.expect.i64(i64 %v39.sum, i64 1)
  %v39.more = icmp slt i64 %v39.next, %v4
  br i1 %v39.more, label %loop38.body, label %loop38.end
loop38.end:
  %v2.sum = add nuw nsw i64 %v2, 1
  %v2.next = call i64 @llvm.expect.i64(i64 %v2.sum, i64 1)
  %v2.more = icmp slt i64 %v2.next, %hi
  br i1 %v2.more, label %loop1.body, label %loop1.end
loop1.end:
  ret void
}
define internal void @barrier(ptr %context, i64 %thread, i64 %threads) nounwind noinline {
entry:
  %v1 = icmp sgt i64 %threads, 1
  br i1 %v1, label %when2, label %when2.end
when2:
  %v3 = getelementptr inbounds i64, ptr %context, i64 6
  %v4 = load ptr, ptr %v3, align 8
  %v5 = getelementptr inbounds i64, ptr %context, i64 5
  %v6 = load ptr, ptr %v5, align 8
  %v7 = mul i64 %thread, 128
  %v8 = getelementptr inbounds i8, ptr %v4, i64 %v7
  %v9 = load atomic i64, ptr %v8 monotonic, align 8
  %v10 = add i64 %v9, 1
  store atomic i64 %v10, ptr %v8 release, align 8
  %v12.any = icmp slt i64 0, %threads
  br i1 %v12.any, label %loop11.body, label %loop11.end
loop11.body:
  %v12 = phi i64 [ 0, %when2 ], [ %v12.next, %arrived ]
  %v13 = mul i64 %v12, 128
  %v14 = getelementptr inbounds i8, ptr %v4, i64 %v13
  br label %spin
spin:
  %spins = phi i64 [ 0, %loop11.body ], [ %again, %pause ], [ 0, %offer ]
  %v15 = load atomic i64, ptr %v14 acquire, align 8
  %v16 = icmp sge i64 %v15, %v10
  br i1 %v16, label %arrived, label %wait
wait:
  %again = add i64 %spins, 1
  %long = icmp sgt i64 %spins, 2000
  br i1 %long, label %offer, label %pause
pause:
  call void @llvm.x86.sse2.pause()
  br label %spin
offer:
  %ignored = call i32 %v6()
  br label %spin
arrived:
  %v12.sum = add nuw nsw i64 %v12, 1
  %v12.next = call i64 @llvm.expect.i64(i64 %v12.sum, i64 1)
  %v12.more = icmp slt i64 %v12.next, %threads
  br i1 %v12.more, label %loop11.body, label %loop11.end
loop11.end:
  br label %when2.end
when2.end:
  ret void
}
define void @run_kernels(ptr %context, i64 %thread, i64 %threads, i64 %step, i64 %first, i64 %end) nounwind {
entry:
  %v2.any = icmp slt i64 %first, %end
  br i1 %v2.any, label %loop1.body, label %loop1.end
loop1.body:
  %v2 = phi i64 [ %first, %entry ], [ %v2.next, %loop1.body ]
  %v3 = mul i64 %v2, 3
  %v4 = add i64 %v3, 0
  %v5 = getelementptr inbounds i64, ptr @data7, i64 %v4
  %v6 = load i64, ptr %v5, align 8
  %v7 = add i64 %v3, 1
  %v8 = getelementptr inbounds i64, ptr @data7, i64 %v7
  %v9 = load i64, ptr %v8, align 8
  %v10 = add i64 %v3, 2
  %v11 = getelementptr inbounds i64, ptr @data7, i64 %v10
  %v12 = load i64, ptr %v11, align 8
  %v13 = sub i64 %v9, 1
  %v14 = add i64 %v6, %v13
  %v15 = udiv i64 %v14, %v9
  %v16 = icmp ne i64 %v12, 0
  %v17 = select i1 %v16, i64 %threads, i64 1
  %v18 = icmp ne i64 %v12, 0
  %v19 = select i1 %v18, i64 %thread, i64 0
  %v20 = mul i64 %v19, %v15
  %v21 = udiv i64 %v20, %v17
  %v22 = mul i64 %v21, %v9
  %v23 = call i64 @llvm.umin.i64(i64 %v22, i64 %v6)
  %v24 = add i64 %v19, 1
  %v25 = mul i64 %v24, %v15
  %v26 = udiv i64 %v25, %v17
  %v27 = mul i64 %v26, %v9
  %v28 = call i64 @llvm.umin.i64(i64 %v27, i64 %v6)
  %v29 = getelementptr inbounds ptr, ptr @data5, i64 %v2
  %v30 = load ptr, ptr %v29, align 8
  %v31 = mul i64 %v2, 2
  %v32 = add i64 %v31, 0
  %v33 = getelementptr inbounds ptr, ptr @data6, i64 %v32
  %v34 = load ptr, ptr %v33, align 8
  %v35 = add i64 %v31, 1
  %v36 = getelementptr inbounds ptr, ptr @data6, i64 %v35
  %v37 = load ptr, ptr %v36, align 8
  call void %v30(ptr %context, i64 %thread, i64 %v23, i64 %v28, i64 %step, ptr %v34, ptr %v37)
  %v2.sum = add nuw nsw i64 %v2, 1
  %v2.next = call i64 @llvm.expect.i64(i64 %v2.sum, i64 1)
  %v2.more = icmp slt i64 %v2.next, %end
  br i1 %v2.more, label %loop1.body, label %loop1.end
loop1.end:
  ret void
}
define internal i1 @make_step(ptr %context, i64 %thread, i64 %threads, i64 %step) nounwind {
entry:
  call void @run_kernels(ptr %context, i64 %thread, i64 %threads, i64 %step, i64 0, i64 4)
  call void @barrier(ptr %context, i64 %thread, i64 %threads)
  ret i1 true
}
define void @run(ptr %context, i64 %thread, i64 %threads) nounwind {
entry:
  %v1 = getelementptr inbounds i64, ptr %context, i64 2
  %v2 = load i64, ptr %v1, align 8
  br label %head
head:
  %number = phi i64 [ 0, %entry ], [ %next, %body ]
  %more = icmp slt i64 %number, %v2
  br i1 %more, label %body, label %end
body:
  %v3 = call i1 @make_step(ptr %context, i64 %thread, i64 %threads, i64 %number)
  %next = add i64 %number, 1
  br i1 %v3, label %head, label %end
end:
  %v4 = icmp eq i64 %thread, 0
  br i1 %v4, label %when5, label %when5.end
when5:
  %v6 = getelementptr inbounds i64, ptr %context, i64 3
  store i64 %number, ptr %v6, align 8
  br label %when5.end
when5.end:
  ret void
}
define void @set_context(ptr %context) nounwind {
entry:
  store ptr %context, ptr @context, align 8
  ret void
}
define void @run_again() nounwind {
entry:
  %v1 = load ptr, ptr @context, align 8
  call void @run(ptr %v1, i64 0, i64 1)
  ret void
}

