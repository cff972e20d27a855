@data0 = private unnamed_addr constant [7 x i64] [i64 5, i64 3, i64 8, i64 3, i64 384, i64 0, i64 16], align 64
@data1 = private unnamed_addr constant [1 x ptr] [ptr null], align 64
@data2 = private unnamed_addr constant [9 x ptr] [ptr null, ptr null, ptr null, ptr null, ptr @matmul_float_4x1_rows, ptr null, ptr null, ptr null, ptr @matmul_float_8x1_rows], align 64
@data3 = private unnamed_addr constant [11 x i64] [i64 3, i64 8, i64 384, i64 0, i64 16, i64 7, i64 5, i64 5, i64 9, i64 10, i64 3], align 64
@data4 = private unnamed_addr constant [1 x ptr] [ptr @data2], align 64
@data5 = private unnamed_addr constant [2 x ptr] [ptr @stop_gradient_0, ptr @matmul_1], align 64
@data6 = private unnamed_addr constant [4 x ptr] [ptr @data0, ptr @data1, ptr @data3, ptr @data4], align 64
@data7 = private unnamed_addr constant [6 x i64] [i64 5, i64 1, i64 0, i64 8, i64 1, i64 1], align 64
@context = internal global ptr null, align 64
declare i64 @llvm.expect.i64(i64, i64)
declare <8 x float> @llvm.fma.v8f32(<8 x float>, <8 x float>, <8 x float>)
declare i64 @llvm.umax.i64(i64, i64)
declare i64 @llvm.umin.i64(i64, i64)
declare i64 @llvm.smin.i64(i64, i64)
declare <8 x float> @llvm.fabs.v8f32(<8 x float>)
declare float @llvm.fabs.f32(float)
declare float @llvm.fma.f32(float, float, float)
declare void @llvm.x86.sse2.pause()
define internal void @stop_gradient_0(ptr %context, i64 %thread, i64 %lo, i64 %hi, i64 %step, ptr %numbers, ptr %addresses) nounwind noinline {
entry:
  %v1 = getelementptr inbounds i64, ptr %numbers, i64 0
  %v2 = load i64, ptr %v1, align 8
  %v5 = getelementptr inbounds i64, ptr %numbers, i64 1
  %v6 = load i64, ptr %v5, align 8
  %v12 = getelementptr inbounds i64, ptr %numbers, i64 2
  %v13 = load i64, ptr %v12, align 8
  %v14 = getelementptr inbounds i64, ptr %context, i64 %v13
  %v15 = load ptr, ptr %v14, align 8
  %v16 = getelementptr inbounds i64, ptr %numbers, i64 3
  %v17 = load i64, ptr %v16, align 8
  %v22 = getelementptr inbounds i64, ptr %context, i64 1
  %v23 = load ptr, ptr %v22, align 8
  %v24 = getelementptr inbounds i64, ptr %numbers, i64 4
  %v25 = load i64, ptr %v24, align 8
  %v26 = mul i64 %thread, %v25
  %v27 = getelementptr inbounds i8, ptr %v23, i64 %v26
  %v28 = getelementptr inbounds i64, ptr %numbers, i64 5
  %v29 = load i64, ptr %v28, align 8
  %v30 = getelementptr inbounds i8, ptr %v27, i64 %v29
  %v31 = getelementptr inbounds i64, ptr %numbers, i64 6
  %v32 = load i64, ptr %v31, align 8
  %v4.any = icmp slt i64 0, %v2
  br i1 %v4.any, label %loop3.body, label %loop3.end
loop3.body:
  %v4 = phi i64 [ 0, %entry ], [ %v4.next, %loop36.end ]
  %v7 = sub i64 %v6, 0
  %v8 = and i64 %v7, -8
  %v9 = add i64 0, %v8
  %v18 = mul i64 %v4, %v17
  %v19 = getelementptr inbounds float, ptr %v15, i64 %v18
  %v33 = mul i64 %v4, %v32
  %v34 = getelementptr inbounds float, ptr %v30, i64 %v33
  %v11.any = icmp slt i64 0, %v9
  br i1 %v11.any, label %loop10.body, label %loop10.end
loop10.body:
  %v11 = phi i64 [ 0, %loop3.body ], [ %v11.next, %loop10.body ]
  %v20 = getelementptr inbounds float, ptr %v19, i64 %v11
  %v21 = load <8 x float>, ptr %v20, align 1
  %v35 = getelementptr inbounds float, ptr %v34, i64 %v11
  store <8 x float> %v21, ptr %v35, align 1
  %v11.sum = add nuw nsw i64 %v11, 8
  %v11.next = call i64 @llvm.expect.i64(i64 %v11.sum, i64 8)
  %v11.more = icmp slt i64 %v11.next, %v9
  br i1 %v11.more, label %loop10.body, label %loop10.end
loop10.end:
  %v37.any = icmp slt i64 %v9, %v6
  br i1 %v37.any, label %loop36.body, label %loop36.end
loop36.body:
  %v37 = phi i64 [ %v9, %loop10.end ], [ %v37.next, %loop36.body ]
  %v38 = getelementptr inbounds float, ptr %v19, i64 %v37
  %v39 = load float, ptr %v38, align 1
  %v40 = getelementptr inbounds float, ptr %v34, i64 %v37
  store float %v39, ptr %v40, align 1
  %v37.sum = add nuw nsw i64 %v37, 1
  %v37.next = call i64 @llvm.expect.i64(i64 %v37.sum, i64 1)
  %v37.more = icmp slt i64 %v37.next, %v6
  br i1 %v37.more, label %loop36.body, label %loop36.end
loop36.end:
  %v4.sum = add nuw nsw i64 %v4, 1
  %v4.next = call i64 @llvm.expect.i64(i64 %v4.sum, i64 1)
  %v4.more = icmp slt i64 %v4.next, %v2
  br i1 %v4.more, label %loop3.body, label %loop3.end
loop3.end:
  ret void
}
define internal void @matmul_float_8x1_rows(ptr %a, i64 %a_stride, ptr %b, i64 %b_stride, i64 %b_panel, i64 %k, ptr %c, i64 %c_stride) nounwind {
entry:
  %v1 = getelementptr inbounds float, ptr %a, i64 %a_stride
  %v2 = getelementptr inbounds float, ptr %v1, i64 %a_stride
  %v3 = getelementptr inbounds float, ptr %v2, i64 %a_stride
  %v4 = getelementptr inbounds float, ptr %v3, i64 %a_stride
  %v5 = getelementptr inbounds float, ptr %v4, i64 %a_stride
  %v6 = getelementptr inbounds float, ptr %v5, i64 %a_stride
  %v7 = getelementptr inbounds float, ptr %v6, i64 %a_stride
  %v9.any = icmp slt i64 0, %k
  br i1 %v9.any, label %loop8.body, label %loop8.end
loop8.body:
  %v9 = phi i64 [ 0, %entry ], [ %v9.next, %loop8.body ]
  %v10 = phi ptr [ %b, %entry ], [ %v27, %loop8.body ]
  %v11 = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v54, %loop8.body ]
  %v12 = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v55, %loop8.body ]
  %v13 = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v56, %loop8.body ]
  %v14 = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v57, %loop8.body ]
  %v15 = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v58, %loop8.body ]
  %v16 = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v59, %loop8.body ]
  %v17 = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v60, %loop8.body ]
  %v18 = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v61, %loop8.body ]
  %v19 = getelementptr inbounds float, ptr %a, i64 %v9
  %v20 = getelementptr inbounds float, ptr %v1, i64 %v9
  %v21 = getelementptr inbounds float, ptr %v2, i64 %v9
  %v22 = getelementptr inbounds float, ptr %v3, i64 %v9
  %v23 = getelementptr inbounds float, ptr %v4, i64 %v9
  %v24 = getelementptr inbounds float, ptr %v5, i64 %v9
  %v25 = getelementptr inbounds float, ptr %v6, i64 %v9
  %v26 = getelementptr inbounds float, ptr %v7, i64 %v9
  %v27 = getelementptr inbounds float, ptr %v10, i64 %b_stride
  %v28 = getelementptr inbounds float, ptr %v10, i64 0
  %v29 = load <8 x float>, ptr %v28, align 1
  %v30 = load float, ptr %v19, align 1
  %v31 = insertelement <8 x float> poison, float %v30, i64 0
  %v32 = shufflevector <8 x float> %v31, <8 x float> poison, <8 x i32> zeroinitializer
  %v33 = load float, ptr %v20, align 1
  %v34 = insertelement <8 x float> poison, float %v33, i64 0
  %v35 = shufflevector <8 x float> %v34, <8 x float> poison, <8 x i32> zeroinitializer
  %v36 = load float, ptr %v21, align 1
  %v37 = insertelement <8 x float> poison, float %v36, i64 0
  %v38 = shufflevector <8 x float> %v37, <8 x float> poison, <8 x i32> zeroinitializer
  %v39 = load float, ptr %v22, align 1
  %v40 = insertelement <8 x float> poison, float %v39, i64 0
  %v41 = shufflevector <8 x float> %v40, <8 x float> poison, <8 x i32> zeroinitializer
  %v42 = load float, ptr %v23, align 1
  %v43 = insertelement <8 x float> poison, float %v42, i64 0
  %v44 = shufflevector <8 x float> %v43, <8 x float> poison, <8 x i32> zeroinitializer
  %v45 = load float, ptr %v24, align 1
  %v46 = insertelement <8 x float> poison, float %v45, i64 0
  %v47 = shufflevector <8 x float> %v46, <8 x float> poison, <8 x i32> zeroinitializer
  %v48 = load float, ptr %v25, align 1
  %v49 = insertelement <8 x float> poison, float %v48, i64 0
  %v50 = shufflevector <8 x float> %v49, <8 x float> poison, <8 x i32> zeroinitializer
  %v51 = load float, ptr %v26, align 1
  %v52 = insertelement <8 x float> poison, float %v51, i64 0
  %v53 = shufflevector <8 x float> %v52, <8 x float> poison, <8 x i32> zeroinitializer
  %v54 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v32, <8 x float> %v29, <8 x float> %v11)
  %v55 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v35, <8 x float> %v29, <8 x float> %v12)
  %v56 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v38, <8 x float> %v29, <8 x float> %v13)
  %v57 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v41, <8 x float> %v29, <8 x float> %v14)
  %v58 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v44, <8 x float> %v29, <8 x float> %v15)
  %v59 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v47, <8 x float> %v29, <8 x float> %v16)
  %v60 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v50, <8 x float> %v29, <8 x float> %v17)
  %v61 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v53, <8 x float> %v29, <8 x float> %v18)
  %v9.sum = add nuw nsw i64 %v9, 1
  %v9.next = call i64 @llvm.expect.i64(i64 %v9.sum, i64 1)
  %v9.more = icmp slt i64 %v9.next, %k
  br i1 %v9.more, label %loop8.body, label %loop8.end
loop8.end:
  %v10.end = phi ptr [ %b, %entry ], [ %v27, %loop8.body ]
  %v11.end = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v54, %loop8.body ]
  %v12.end = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v55, %loop8.body ]
  %v13.end = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v56, %loop8.body ]
  %v14.end = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v57, %loop8.body ]
  %v15.end = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v58, %loop8.body ]
  %v16.end = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v59, %loop8.body ]
  %v17.end = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v60, %loop8.body ]
  %v18.end = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v61, %loop8.body ]
  %v62 = getelementptr inbounds float, ptr %c, i64 %c_stride
  %v63 = getelementptr inbounds float, ptr %v62, i64 %c_stride
  %v64 = getelementptr inbounds float, ptr %v63, i64 %c_stride
  %v65 = getelementptr inbounds float, ptr %v64, i64 %c_stride
  %v66 = getelementptr inbounds float, ptr %v65, i64 %c_stride
  %v67 = getelementptr inbounds float, ptr %v66, i64 %c_stride
  %v68 = getelementptr inbounds float, ptr %v67, i64 %c_stride
  %v69 = getelementptr inbounds float, ptr %c, i64 0
  %v70 = getelementptr inbounds float, ptr %v62, i64 0
  %v71 = getelementptr inbounds float, ptr %v63, i64 0
  %v72 = getelementptr inbounds float, ptr %v64, i64 0
  %v73 = getelementptr inbounds float, ptr %v65, i64 0
  %v74 = getelementptr inbounds float, ptr %v66, i64 0
  %v75 = getelementptr inbounds float, ptr %v67, i64 0
  %v76 = getelementptr inbounds float, ptr %v68, i64 0
  store <8 x float> %v11.end, ptr %v69, align 1
  store <8 x float> %v12.end, ptr %v70, align 1
  store <8 x float> %v13.end, ptr %v71, align 1
  store <8 x float> %v14.end, ptr %v72, align 1
  store <8 x float> %v15.end, ptr %v73, align 1
  store <8 x float> %v16.end, ptr %v74, align 1
  store <8 x float> %v17.end, ptr %v75, align 1
  store <8 x float> %v18.end, ptr %v76, align 1
  ret void
}
define internal void @matmul_float_4x1_rows(ptr %a, i64 %a_stride, ptr %b, i64 %b_stride, i64 %b_panel, i64 %k, ptr %c, i64 %c_stride) nounwind {
entry:
  %v1 = getelementptr inbounds float, ptr %a, i64 %a_stride
  %v2 = getelementptr inbounds float, ptr %v1, i64 %a_stride
  %v3 = getelementptr inbounds float, ptr %v2, i64 %a_stride
  %v5.any = icmp slt i64 0, %k
  br i1 %v5.any, label %loop4.body, label %loop4.end
loop4.body:
  %v5 = phi i64 [ 0, %entry ], [ %v5.next, %loop4.body ]
  %v6 = phi ptr [ %b, %entry ], [ %v15, %loop4.body ]
  %v7 = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v30, %loop4.body ]
  %v8 = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v31, %loop4.body ]
  %v9 = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v32, %loop4.body ]
  %v10 = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v33, %loop4.body ]
  %v11 = getelementptr inbounds float, ptr %a, i64 %v5
  %v12 = getelementptr inbounds float, ptr %v1, i64 %v5
  %v13 = getelementptr inbounds float, ptr %v2, i64 %v5
  %v14 = getelementptr inbounds float, ptr %v3, i64 %v5
  %v15 = getelementptr inbounds float, ptr %v6, i64 %b_stride
  %v16 = getelementptr inbounds float, ptr %v6, i64 0
  %v17 = load <8 x float>, ptr %v16, align 1
  %v18 = load float, ptr %v11, align 1
  %v19 = insertelement <8 x float> poison, float %v18, i64 0
  %v20 = shufflevector <8 x float> %v19, <8 x float> poison, <8 x i32> zeroinitializer
  %v21 = load float, ptr %v12, align 1
  %v22 = insertelement <8 x float> poison, float %v21, i64 0
  %v23 = shufflevector <8 x float> %v22, <8 x float> poison, <8 x i32> zeroinitializer
  %v24 = load float, ptr %v13, align 1
  %v25 = insertelement <8 x float> poison, float %v24, i64 0
  %v26 = shufflevector <8 x float> %v25, <8 x float> poison, <8 x i32> zeroinitializer
  %v27 = load float, ptr %v14, align 1
  %v28 = insertelement <8 x float> poison, float %v27, i64 0
  %v29 = shufflevector <8 x float> %v28, <8 x float> poison, <8 x i32> zeroinitializer
  %v30 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v20, <8 x float> %v17, <8 x float> %v7)
  %v31 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v23, <8 x float> %v17, <8 x float> %v8)
  %v32 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v26, <8 x float> %v17, <8 x float> %v9)
  %v33 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v29, <8 x float> %v17, <8 x float> %v10)
  %v5.sum = add nuw nsw i64 %v5, 1
  %v5.next = call i64 @llvm.expect.i64(i64 %v5.sum, i64 1)
  %v5.more = icmp slt i64 %v5.next, %k
  br i1 %v5.more, label %loop4.body, label %loop4.end
loop4.end:
  %v6.end = phi ptr [ %b, %entry ], [ %v15, %loop4.body ]
  %v7.end = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v30, %loop4.body ]
  %v8.end = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v31, %loop4.body ]
  %v9.end = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v32, %loop4.body ]
  %v10.end = phi <8 x float> [ splat (float 0x0000000000000000), %entry ], [ %v33, %loop4.body ]
  %v34 = getelementptr inbounds float, ptr %c, i64 %c_stride
  %v35 = getelementptr inbounds float, ptr %v34, i64 %c_stride
  %v36 = getelementptr inbounds float, ptr %v35, i64 %c_stride
  %v37 = getelementptr inbounds float, ptr %c, i64 0
  %v38 = getelementptr inbounds float, ptr %v34, i64 0
  %v39 = getelementptr inbounds float, ptr %v35, i64 0
  %v40 = getelementptr inbounds float, ptr %v36, i64 0
  store <8 x float> %v7.end, ptr %v37, align 1
  store <8 x float> %v8.end, ptr %v38, align 1
  store <8 x float> %v9.end, ptr %v39, align 1
  store <8 x float> %v10.end, ptr %v40, align 1
  ret void
}
define internal float @tanh_float(float %a) nounwind {
entry:
  %v1 = call float @llvm.fabs.f32(float %a)
  %v2 = fmul float %v1, %v1
  %v3 = fmul float %v1, %v2
  %v4 = call float @llvm.fma.f32(float 0x3F90D93680000000, float %v2, float 0xBFAAF911E0000000)
  %v5 = call float @llvm.fma.f32(float %v4, float %v2, float 0x3FC10CFE40000000)
  %v6 = call float @llvm.fma.f32(float %v5, float %v2, float 0xBFD5554580000000)
  %v7 = call float @llvm.fma.f32(float %v3, float %v6, float %v1)
  %v8 = fadd float %v1, %v1
  %v9 = fcmp ogt float %v8, 0x4034000000000000
  %v10 = select i1 %v9, float 0x4034000000000000, float %v8
  %v11 = call float @llvm.fma.f32(float %v10, float 0x3FF7154760000000, float 0x4168000FE0000000)
  %v12 = fsub float %v11, 0x4168000FE0000000
  %v13 = bitcast float %v11 to i32
  %v14 = call float @llvm.fma.f32(float %v12, float 0xBFE6300000000000, float %v10)
  %v15 = call float @llvm.fma.f32(float %v12, float 0x3F2BD01060000000, float %v14)
  %v16 = fmul float %v15, %v15
  %v17 = call float @llvm.fma.f32(float 0x3F56D818A0000000, float %v15, float 0x3F8122BF40000000)
  %v18 = call float @llvm.fma.f32(float %v17, float %v15, float 0x3FA5554D00000000)
  %v19 = call float @llvm.fma.f32(float %v18, float %v15, float 0x3FC5554AA0000000)
  %v20 = call float @llvm.fma.f32(float %v19, float %v15, float 0x3FE0000000000000)
  %v21 = call float @llvm.fma.f32(float %v16, float %v20, float %v15)
  %v22 = fadd float %v21, 0x3FF0000000000000
  %v23 = shl i32 %v13, 23
  %v24 = bitcast i32 %v23 to float
  %v25 = fmul float %v22, %v24
  %v26 = fadd float %v25, 0x3FF0000000000000
  %v27 = fdiv float 0x4000000000000000, %v26
  %v28 = fsub float 0x3FF0000000000000, %v27
  %v29 = fcmp olt float %v1, 0x3FE193EA80000000
  %v30 = select i1 %v29, float %v7, float %v28
  %v31 = bitcast float %v30 to i32
  %v32 = bitcast float %a to i32
  %v33 = and i32 %v32, -2147483648
  %v34 = or i32 %v31, %v33
  %v35 = bitcast i32 %v34 to float
  ret float %v35
}
define internal void @matmul_1(ptr %context, i64 %thread, i64 %lo, i64 %hi, i64 %step, ptr %numbers, ptr %addresses) nounwind noinline {
entry:
  %v1 = getelementptr inbounds i64, ptr %numbers, i64 0
  %v2 = load i64, ptr %v1, align 8
  %v3 = getelementptr inbounds i64, ptr %numbers, i64 1
  %v4 = load i64, ptr %v3, align 8
  %v5 = alloca [64 x float], align 64
  %v8 = getelementptr inbounds i64, ptr %context, i64 1
  %v9 = load ptr, ptr %v8, align 8
  %v10 = getelementptr inbounds i64, ptr %numbers, i64 2
  %v11 = load i64, ptr %v10, align 8
  %v12 = mul i64 %thread, %v11
  %v13 = getelementptr inbounds i8, ptr %v9, i64 %v12
  %v14 = getelementptr inbounds i64, ptr %numbers, i64 3
  %v15 = load i64, ptr %v14, align 8
  %v16 = getelementptr inbounds i8, ptr %v13, i64 %v15
  %v18 = getelementptr inbounds i64, ptr %numbers, i64 4
  %v19 = load i64, ptr %v18, align 8
  %v40 = getelementptr inbounds i64, ptr %numbers, i64 5
  %v41 = load i64, ptr %v40, align 8
  %v42 = getelementptr inbounds i64, ptr %context, i64 %v41
  %v43 = load ptr, ptr %v42, align 8
  %v44 = getelementptr inbounds i64, ptr %numbers, i64 6
  %v45 = load i64, ptr %v44, align 8
  %v48 = getelementptr inbounds i64, ptr %numbers, i64 7
  %v49 = load i64, ptr %v48, align 8
  %v66 = getelementptr inbounds i64, ptr %numbers, i64 8
  %v67 = load i64, ptr %v66, align 8
  %v68 = getelementptr inbounds i64, ptr %context, i64 %v67
  %v69 = load ptr, ptr %v68, align 8
  %v108 = getelementptr inbounds i64, ptr %numbers, i64 9
  %v109 = load i64, ptr %v108, align 8
  %v110 = getelementptr inbounds i64, ptr %context, i64 %v109
  %v111 = load ptr, ptr %v110, align 8
  %v112 = getelementptr inbounds i64, ptr %numbers, i64 10
  %v113 = load i64, ptr %v112, align 8
  %v7.any = icmp slt i64 0, %v4
  br i1 %v7.any, label %loop6.body, label %loop6.end
loop6.body:
  %v7 = phi i64 [ 0, %entry ], [ %v7.next, %loop29.end ]
  %v17 = getelementptr inbounds float, ptr %v16, i64 %v7
  %v20 = getelementptr inbounds ptr, ptr %addresses, i64 0
  %v21 = load ptr, ptr %v20, align 8
  %v22 = sub i64 %hi, %lo
  %v23 = add i64 %v22, 7
  %v24 = udiv i64 %v23, 8
  %v25 = call i64 @llvm.umax.i64(i64 %v24, i64 1)
  %v26 = udiv i64 %v22, %v25
  %v27 = mul i64 %v26, %v24
  %v28 = sub i64 %v22, %v27
  %v30.any = icmp slt i64 0, %v24
  br i1 %v30.any, label %loop29.body, label %loop29.end
loop29.body:
  %v30 = phi i64 [ 0, %loop6.body ], [ %v30.next, %loop51.end ]
  %v31 = call i64 @llvm.umin.i64(i64 %v30, i64 %v28)
  %v32 = icmp ult i64 %v30, %v28
  %v33 = zext i1 %v32 to i64
  %v34 = add i64 %v26, %v33
  %v35 = mul i64 %v30, %v26
  %v36 = add i64 %v35, %v31
  %v37 = add i64 %lo, %v36
  %v38 = getelementptr inbounds ptr, ptr %v21, i64 %v34
  %v39 = load ptr, ptr %v38, align 8
  %v46 = mul i64 %v37, %v45
  %v47 = getelementptr inbounds float, ptr %v43, i64 %v46
  call void %v39(ptr %v47, i64 %v45, ptr %v17, i64 %v19, i64 0, i64 %v49, ptr %v5, i64 8)
  %v50 = add i64 %v37, %v34
  %v52.any = icmp slt i64 %v37, %v50
  br i1 %v52.any, label %loop51.body, label %loop51.end
loop51.body:
  %v52 = phi i64 [ %v37, %loop29.body ], [ %v52.next, %loop117.end ]
  %v53 = add i64 %v7, 8
  %v54 = call i64 @llvm.smin.i64(i64 %v53, i64 %v2)
  %v55 = sub i64 %v54, %v7
  %v56 = and i64 %v55, -8
  %v57 = add i64 %v7, %v56
  %v60 = sub i64 %v52, %v37
  %v61 = mul i64 %v60, 8
  %v62 = getelementptr inbounds float, ptr %v5, i64 %v61
  %v114 = mul i64 %v52, %v113
  %v115 = getelementptr inbounds float, ptr %v111, i64 %v114
  %v59.any = icmp slt i64 %v7, %v57
  br i1 %v59.any, label %loop58.body, label %loop58.end
loop58.body:
  %v59 = phi i64 [ %v7, %loop51.body ], [ %v59.next, %loop58.body ]
  %v63 = sub i64 %v59, %v7
  %v64 = getelementptr inbounds float, ptr %v62, i64 %v63
  %v65 = load <8 x float>, ptr %v64, align 1
  %v70 = getelementptr inbounds float, ptr %v69, i64 %v59
  %v71 = load <8 x float>, ptr %v70, align 1
  %v72 = fadd <8 x float> %v65, %v71
  %v73 = call <8 x float> @llvm.fabs.v8f32(<8 x float> %v72)
  %v74 = fmul <8 x float> %v73, %v73
  %v75 = fmul <8 x float> %v73, %v74
  %v76 = call <8 x float> @llvm.fma.v8f32(<8 x float> splat (float 0x3F90D93680000000), <8 x float> %v74, <8 x float> splat (float 0xBFAAF911E0000000))
  %v77 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v76, <8 x float> %v74, <8 x float> splat (float 0x3FC10CFE40000000))
  %v78 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v77, <8 x float> %v74, <8 x float> splat (float 0xBFD5554580000000))
  %v79 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v75, <8 x float> %v78, <8 x float> %v73)
  %v80 = fadd <8 x float> %v73, %v73
  %v81 = fcmp ogt <8 x float> %v80, splat (float 0x4034000000000000)
  %v82 = select <8 x i1> %v81, <8 x float> splat (float 0x4034000000000000), <8 x float> %v80
  %v83 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v82, <8 x float> splat (float 0x3FF7154760000000), <8 x float> splat (float 0x4168000FE0000000))
  %v84 = fsub <8 x float> %v83, splat (float 0x4168000FE0000000)
  %v85 = bitcast <8 x float> %v83 to <8 x i32>
  %v86 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v84, <8 x float> splat (float 0xBFE6300000000000), <8 x float> %v82)
  %v87 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v84, <8 x float> splat (float 0x3F2BD01060000000), <8 x float> %v86)
  %v88 = fmul <8 x float> %v87, %v87
  %v89 = call <8 x float> @llvm.fma.v8f32(<8 x float> splat (float 0x3F56D818A0000000), <8 x float> %v87, <8 x float> splat (float 0x3F8122BF40000000))
  %v90 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v89, <8 x float> %v87, <8 x float> splat (float 0x3FA5554D00000000))
  %v91 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v90, <8 x float> %v87, <8 x float> splat (float 0x3FC5554AA0000000))
  %v92 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v91, <8 x float> %v87, <8 x float> splat (float 0x3FE0000000000000))
  %v93 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v88, <8 x float> %v92, <8 x float> %v87)
  %v94 = fadd <8 x float> %v93, splat (float 0x3FF0000000000000)
  %v95 = shl <8 x i32> %v85, splat (i32 23)
  %v96 = bitcast <8 x i32> %v95 to <8 x float>
  %v97 = fmul <8 x float> %v94, %v96
  %v98 = fadd <8 x float> %v97, splat (float 0x3FF0000000000000)
  %v99 = fdiv <8 x float> splat (float 0x4000000000000000), %v98
  %v100 = fsub <8 x float> splat (float 0x3FF0000000000000), %v99
  %v101 = fcmp olt <8 x float> %v73, splat (float 0x3FE193EA80000000)
  %v102 = select <8 x i1> %v101, <8 x float> %v79, <8 x float> %v100
  %v103 = bitcast <8 x float> %v102 to <8 x i32>
  %v104 = bitcast <8 x float> %v72 to <8 x i32>
  %v105 = and <8 x i32> %v104, splat (i32 -2147483648)
  %v106 = or <8 x i32> %v103, %v105
  %v107 = bitcast <8 x i32> %v106 to <8 x float>
  %v116 = getelementptr inbounds float, ptr %v115, i64 %v59
  store <8 x float> %v107, ptr %v116, align 1
  %v59.sum = add nuw nsw i64 %v59, 8
  %v59.next = call i64 @llvm.expect.i64(i64 %v59.sum, i64 8)
  %v59.more = icmp slt i64 %v59.next, %v57
  br i1 %v59.more, label %loop58.body, label %loop58.end
loop58.end:
  %v118.any = icmp slt i64 %v57, %v54
  br i1 %v118.any, label %loop117.body, label %loop117.end
loop117.body:
  %v118 = phi i64 [ %v57, %loop58.end ], [ %v118.next, %loop117.body ]
  %v119 = sub i64 %v118, %v7
  %v120 = getelementptr inbounds float, ptr %v62, i64 %v119
  %v121 = load float, ptr %v120, align 1
  %v122 = getelementptr inbounds float, ptr %v69, i64 %v118
  %v123 = load float, ptr %v122, align 1
  %v124 = fadd float %v121, %v123
  %v125 = call float @tanh_float(float %v124)
  %v126 = getelementptr inbounds float, ptr %v115, i64 %v118
  store float %v125, ptr %v126, align 1
  %v118.sum = add nuw nsw i64 %v118, 1
  %v118.next = call i64 @llvm.expect.i64(i64 %v118.sum, i64 1)
  %v118.more = icmp slt i64 %v118.next, %v54
  br i1 %v118.more, label %loop117.body, label %loop117.end
loop117.end:
  %v52.sum = add nuw nsw i64 %v52, 1
  %v52.next = call i64 @llvm.expect.i64(i64 %v52.sum, i64 1)
  %v52.more = icmp slt i64 %v52.next, %v50
  br i1 %v52.more, label %loop51.body, label %loop51.end
loop51.end:
  %v30.sum = add nuw nsw i64 %v30, 1
  %v30.next = call i64 @llvm.expect.i64(i64 %v30.sum, i64 1)
  %v30.more = icmp slt i64 %v30.next, %v24
  br i1 %v30.more, label %loop29.body, label %loop29.end
loop29.end:
  %v7.sum = add nuw nsw i64 %v7, 8
  %v7.next = call i64 @llvm.expect.i64(i64 %v7.sum, i64 8)
  %v7.more = icmp slt i64 %v7.next, %v4
  br i1 %v7.more, label %loop6.body, label %loop6.end
loop6.end:
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
  call void @run_kernels(ptr %context, i64 %thread, i64 %threads, i64 %step, i64 0, i64 2)
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

