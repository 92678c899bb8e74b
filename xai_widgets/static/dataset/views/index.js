var Ee=()=>performance.now(),ce=(t,e)=>t.addEventListener("abort",e),ue={colormap:"auto",opacity:.7,clip:99.5,threshold:0,sign:"both",blend:"normal",arrangement:"overlay",interpolation:"smooth"};function le(t){if(!Number.isFinite(t))return"–";let e=Math.abs(t),r=e>=1e4||e>0&&e<.001?t.toExponential(1).replace("e+","e"):String(+t.toPrecision(3));return(t>0?"+":"")+r.replaceAll("-","−")}function Y(t,e=1){let r=10**-e;return t>0&&200*t<r?`<${r} %`:`${(100*t).toFixed(e)} %`}var De=t=>t.charAt(0).toUpperCase()+t.slice(1);function rt(t){let e=/-?\d*\.?\d+(e[-+]?\d+)?/i.exec(t.replace("−","-").replace(",","."));return e&&Number(e[0])}var ot=t=>t!=="rest"&&t!=="stopped";function W(t,e,r){return Math.max(e,Math.min(r,t))}var tn={ArrowUp:[-1,0],ArrowDown:[1,0],ArrowLeft:[0,-1],ArrowRight:[0,1]};function it(t){let e=tn[t];return e&&e[1]-e[0]}function be(t){return typeof t=="string"?Uint8Array.from(atob(t),e=>e.charCodeAt(0)):new Uint8Array(t.buffer,t.byteOffset,t.byteLength)}function at(t,e,r,n){let o=e?t:0;return Float32Array.from({length:o+t+1},(a,s)=>{let i=(s-o)/t;return Math.sign(i)*Math.abs(i)**n*r})}var Ve=8191;function ut(t,e,r,n="smooth"){let{signed:o,gamma:a}=t,[s,i]=t.shape,d=t.peak||0,l=be(t.data),u=at(o?127:255,o,d,a),m=st(l,u),w={width:e,height:r,signed:o,nativeValues:u,nativeCounts:m};if(i===e&&s===r)return{...w,index:l,values:u,counts:m};let k=Float32Array.from(l,b=>u[b]),g=at(Ve,o,d,2),M=o?Ve:0,x=nn(k,s,i,r,e,n),p=new Uint16Array(x.length);for(let b=0;b<x.length;b++){let h=x[b]/(d||1);p[b]=M+Math.round(Math.sign(h)*Math.sqrt(Math.abs(h))*Ve)}return{...w,index:p,values:g,counts:st(p,g)}}function st(t,e){let r=new Uint32Array(e.length);for(let n=0;n<t.length;n++)r[t[n]]++;return r}function nn(t,e,r,n,o,a){if(a==="cells"){let d=new Float32Array(n*o);for(let l=0;l<d.length;l++){let[u,m]=[Math.floor(l/o)+.5,l%o+.5];d[l]=t[Math.floor(u*(e/n))*r+Math.floor(m*(r/o))]}return d}let s=n>e?lt:ct;return(o>r?lt:ct)(s(t,r,e,n,r),n,r,o,1)}function lt(t,e,r,n,o){let a=new Float32Array(e*n),s=o===1,[i,d]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let l of t)i=Math.min(i,l),d=Math.max(d,l);for(let l=0;l<n;l++){let u=W((l+.5)*(r/n)-.5,0,r-1),m=Math.floor(u),w=u-m,[k,g,M,x]=[-1,0,1,2].map(f=>W(m+f,0,r-1)*o),p=((2-w)*w-1)*w/2,b=((3*w-5)*w*w+2)/2,h=((4-3*w)*w+1)*w/2,S=(w-1)*w*w/2;for(let f=0;f<e;f++){let A=s?f*r:f,v=p*t[A+k]+b*t[A+g]+h*t[A+M]+S*t[A+x];a[s?f*n+l:l*o+f]=Math.max(i,Math.min(d,v))}}return a}function ct(t,e,r,n,o){let a=new Float32Array(e*n),s=o===1;for(let i=0;i<n;i++){let d=Math.max(0,(i+.5)*r/n-.5),l=Math.min(Math.floor(d),r-1),u=Math.min(l+1,r-1),m=d-l;for(let w=0;w<e;w++){let k=s?w*r:w,g=t[k+l*o],M=t[k+u*o];a[s?w*n+i:i*o+w]=(1-m)*g+m*M}}return a}function c(t,...e){let[r,...n]=t.split("."),o=document.createElement(r||"div");r==="button"&&L(o,{type:"button"}),o.className=n.map(a=>`xw-${a}`).join(" ");for(let a of e)typeof a=="string"||a instanceof Node?o.append(a):L(o,a);return o}function L(t,e){for(let[r,n]of Object.entries(e)){let o=r.replace("_","data-xw-").replace("$","aria-");n==null||n===!1?t.removeAttribute(o):t.setAttribute(o,n===!0?"":`${n}`)}}function G(t,e){t.textContent!==e&&(t.textContent=e)}function oe(t,e){t.hidden=!e,G(t,e)}function N(t,e,r,n){for(let o of r.split(" "))e.addEventListener(o,n,{signal:t,passive:!1})}var ae=t=>t.preventDefault(),Ie=({ctrlKey:t,metaKey:e,altKey:r})=>t||e||r;function $e(t,e,...r){let n=document.createElementNS("http://www.w3.org/2000/svg",t);return L(n,e),n.append(...r),n}function Ne(t,e="",r="0 0 16 16"){return $e("svg",{class:e,viewBox:r,preserveAspectRatio:"none",$hidden:"true"},$e("path",{d:t}))}var dt=(t,...e)=>c("section.section",c("h3",t),...e),Ce=(t,e,...r)=>c(".row",{title:e||null},c("span.name",t),...r);function rn(t){let e=new AbortController;return ce(t,()=>e.abort()),()=>(e.abort(),e=new AbortController,e.signal)}function de(t,e,r){let n=[...e.children],o=rn(t),a,s=[];return(i,d=i)=>{if(d===a)return s;a=d;let l=o(),u=i.map((m,w)=>r(m,w,l));return s=u.map(([,m])=>m),e.replaceChildren(...n,...u.flatMap(([m])=>m)),s}}function je(t,e,r){t.width=e,t.height=1;let n=new ImageData(e,1);for(let o=0;o<e;o++)n.data.set(r(o),4*o);t.getContext("2d")?.putImageData(n,0,0)}var Le=()=>`xw-${Math.random().toString(36).slice(2)}`;function se(t,e,r,n,o){let a=Le(),s=n.map(([u,,m])=>c("input",{type:"radio",name:a,value:u,$label:m})),i=n.map(([,u],m)=>c("label.segment",{_text:u},s[m],u)),d=c(".segments",{role:"radiogroup",$label:e,_control:r});return d.append(...i),N(t,d,"change",({target:u})=>o(u.value)),N(t,d,"dblclick",()=>o(n[0][0])),[d,(u,m=null)=>{for(let[w,[k,,g]]of n.entries())L(i[w],{title:m??g}),L(s[w],{disabled:!!m}),s[w].checked=k===u}]}var Te=[["inferno","Inferno",0,"00810080048183LK9E7R2LM21^2R_6^27^2R_2R__677dDd89fJKK]0^Q_Dd8fJK0LM277^2g_9Nd87^_DIK]]]KI777^2R_27^_27^2^QMM]KKKE99`87R2^QQQ0L0LKKKMKKKM2dJNNKIEd87EI07K]6d8KKKK]0^6^_8IdJIKKKKK]KM]011^QM2L`9g2LId2LK7LKI0I",[]],["viridis","Viridis",0,"44800181548279fJKKKMQQ2R__677777R_2R_Q_Q2R21^KQI971LE`_2LKKKId877R_Q2^Q2R_DI777de89E99fJEKIKfJKKKKKQKKK0LKKKMKKKMKKQK0L]KMQQQM_Q____DdDd8EEI_8deJEKQ]]677EIII9KfJKKKKKKKK0L]01^Q_2`DIIIKKK01^Q_D7EdeeD^fhM9L",[]],["cividis","Cividis",0,"008022814e81KKKKK<.K]_8EfJKKKKKKQK0L0L0L]KMKMKKKKQKKKKKKKEKKKKKIKKEKfJfJ9f/K]]Q2^2^QQM2^QQ2^]Q21^QQ21^]QQMM2111111LMMQQ]KMQ0LQKMKMKQKKQKKKKN^Q]K).LQ]KMKMKKKKKKIKEfJIEEEd8dJKIQKK0LQ]]]]Q_6^__DdDEE9KKQ]6IoN",[22,2,762,1]],["gray","Grey",0,"008100810081",[]],["coolwarm","Blue to red",1,"3b814c82c082KIE999EEd8E7E7`8`8d8d8EIIIIEKfJKKKQ]Q__DEEKKKQQ277EdJIKKM01^677LQQQM2^6^2777`DEIIEKKKKMQ2^_Dd8K[_8EI9KKKQ0^]_67`8EEEfJKKQ0^c8Z_J__D799KKK]]Q__8EfJK]]]_6EdJEKKM]27777d_87`87`D77d__27^2^QMMM]K]",[]],["BrBG","Brown to teal",1,"548230810580E9fJIIKKKKKK0999999]KKMK0IKKQKKBIEfJI*IE9fJI9KKKKKdKKKKQfLKKMKKKId89EIL]K0LK__27R_D677777]_____)7^_67CKQKM0LQKQKQKlJKKEKKd8E7EdJE9fJIE:E7E7`VfJ9KEK]]0111IK]KKK]8d8d8I6^27^2IKKKKKfJKKEKKE9fJE9",[126,-1,305,1,433,-1,638,-2]],["berlin","Blue to red, dark centre",1,"9e7eb080ff7f]Q_6777^]E7L;KEEId8EdD77RM]EK`QEfJKId8`__21LfJI9KKKKKKKKKKIK9KEKQM2^_DEQ679fJfJ9KIEEEd8`__2LQ9f8LEEIEEd87RMK9`21LM0L]K0LKKKKKKKKKQKQ67IK]677^__6^QMMMM0LKKf8`6^SfSM]KK9K99^K99RMKK9fJIde8E7`87`J",[]]];var Pe=Te.map(([t,e,r])=>({name:t,title:e,diverging:!!r})),pt=new Map;function ye(t){let e=pt.get(t);if(e)return e;let[,,r,n,o]=Te.find(([s])=>s===t)??Te[0],a=on(n,o,r);return pt.set(t,a),a}function on(t,e,r){let n=new Uint8Array(768),o=Array.from({length:768},(a,s)=>{let i=t.charCodeAt(12+(s>>2))||75;return Math.floor((i-35)/3**(s&3))%3-1});for(let a=0;a<e.length;a+=2)o[e[a]]+=e[a+1];for(let a=0;a<3;a++){let s=+`0x${t.slice(4*a,4*a+2)}`,i=+`0x${t.slice(4*a+2,4*a+4)}`-128;for(let d=r;d<256;d++)n[3*d+a]=s,s+=i,i+=o[256*a+d-r]}return r&&n.copyWithin(0,3,6),n}function ve(t,e){let r=t==="auto"?e?"coolwarm":"inferno":t;return Pe.find(n=>n.name===r)??Pe[0]}var an=.5;function ke(t,e){return e==="positive"?Math.max(t,0):e==="negative"?Math.min(t,0):t}function _e(t,e,r){return ft(t,e,r,!0)}function mt(t,e,r){let n=ft(t,an,r,!1);return n<e?n:0}function ft({nativeValues:t,nativeCounts:e},r,n,o){let a=Array.from(t,(w,k)=>[Math.abs(ke(w,n)),e[k]]).sort(([w],[k])=>w-k),s=e.reduce((w,k)=>w+k),i=w=>{let k=w;for(let[g,M]of a)if(k-=M,k<0)return g;return 0},d=(s-1)*r/100,l=Math.floor(d),u=i(l);return u+(d-l)*(i(Math.min(l+1,s-1))-u)||(o?i(s-1):0)}function ht(t,e,r){return e<=0?0:W(ke(t,r)/e,-1,1)}function bt(t,e,r,n){let o=0;for(let a=0;a<t.values.length;a++)Math.abs(ht(t.values[a],e,n))>=r&&(o+=t.counts[a]);return o/t.index.length}function ze(t,e){let r=Math.abs(t);return e?128+Math.sign(t)*Math.floor(127*r+.5):Math.floor(255*r+.5)}function sn(t){return t*t*(3-2*t)}function gt(t,e){let{most:r,foot:n=0,threshold:o,sign:a,lut:s,diverging:i,opaque:d}=e,l=r>0?n/r:0,u=new Uint8ClampedArray(4*t.length);for(let m=0;m<t.length;m++){let w=ht(t[m],r,a);Math.abs(w)<o&&(w=0);let k=3*ze(w,i);u[4*m]=s[k],u[4*m+1]=s[k+1],u[4*m+2]=s[k+2],u[4*m+3]=d?255:Math.floor(255*sn(W((Math.abs(w)-l)/(1-l),0,1))+.5)}return new Uint32Array(u.buffer)}function wt(t,e,r){for(let n=0;n<t.length;n++)t[n]=r[e[n]]}var Oe;function Me(t,e,r,n){let{width:o,height:a}=t,s=t.getContext("2d");if(!s)return;let i=Math.min(o/e.width,a/e.height),[d,l]=[Math.round(e.width*i),Math.round(e.height*i)],[u,m]=[o-d>>1,a-l>>1];if(s.globalAlpha=1,s.globalCompositeOperation="source-over",s.clearRect(0,0,o,a),s.imageSmoothingEnabled=Math.max(e.width,e.height)>=64,s.drawImage(e,u,m,d,l),!r?.peak||!d||!l)return;Oe??=new OffscreenCanvas(1,1),Object.assign(Oe,{width:d,height:l});let{opacity:w,blend:k}=n,[g,M]=xt(r,d,l,n,!1);return Oe.getContext("2d").putImageData(g,0,0),s.globalAlpha=w,s.globalCompositeOperation=k==="normal"?"source-over":k,s.drawImage(Oe,u,m),s.globalAlpha=1,s.globalCompositeOperation="source-over",M}function Re(t,e,r){let{width:n,height:o}=t;e.shape[0]&&t.getContext("2d")?.putImageData(xt(e,n,o,r,!0)[0],0,0)}function xt(t,e,r,n,o){let a=Ee(),s=new ImageData(e,r),i=ut(t,e,r,n.interpolation),{clip:d,sign:l,threshold:u}=n,{name:m,diverging:w}=ve(n.colormap,t.signed),k=_e(i,d,l),g=mt(i,k,l),M={most:k,foot:g,threshold:u,sign:l,lut:ye(m),diverging:w,opaque:o};wt(new Uint32Array(s.data.buffer),i.index,gt(i.values,M));let x=bt(i,k,u,l);return[s,{map:i,most:k,kept:x,colormap:m,milliseconds:Ee()-a}]}var yt=[["heatmap","Open in the heatmap viewer"],["faithfulness","Does the map tell the truth?"],["comparison","Compare gradients"]],ln=288;function vt(t,e,r){let n=c("canvas.photo",{role:"img"}),o=c(".placebox",{hidden:!0}),a=c(".photobox",n,o),[s,i]=[c("p.facts.key"),c("p.facts")],d=c(".bars"),l=c(".near"),u=c("section.part",c("h3","Looks most like"),l),m=c(".verdicts"),w=c("button.link",{_control:"undo"},"Undo"),k=c("span"),g=c("section.part",c("h3.split","What is it?",k),m,w),M=yt.map(([K,Q])=>c("button.wide",{_control:`open-${K}`},Q)),x=c("button.wide",{_control:"cover"}),p=c("p.tried"),b=c("section.part.test",c("p",c("b","Test it. "),"Draw a box on the picture over what you suspect, and cover it in all that are shown: the change is told beside that of random places."),x,p),h=c("section.part",...M),S=c("p.nothing","Choose a picture: click one, or walk with the arrow keys."),f="prediction",A,v,$=-1,F,_=[1,1],[B,q]=se(t,"Map for","map-of",[["prediction","answer"],["label","label"]],K=>{f=K,C()}),ee=c(".chosen",a,B,s,i,d,u,g,b,h),te=c(".one",S,ee);N(t,w,"click",e.undo),M.forEach((K,Q)=>{N(t,K,"click",()=>r.open(yt[Q][0]))}),N(t,x,"click",()=>{v&&e.cover([...e.rows],v)});let y,I=({clientX:K,clientY:Q})=>{let{left:O,top:V,width:R,height:X}=n.getBoundingClientRect(),Z=ie=>Math.max(0,Math.min(1,ie));return[Z((K-O)/R),Z((Q-V)/X)]};N(t,n,"pointerdown",K=>{e.frozen||!e.head?.able||(y=I(K),n.setPointerCapture(K.pointerId),ae(K))}),N(t,n,"pointermove",K=>{if(!y)return;let Q=I(K),[O,V]=[Math.min(y[0],Q[0]),Math.min(y[1],Q[1])];v=[O,V,Math.abs(Q[0]-y[0]),Math.abs(Q[1]-y[1])],E()}),N(t,n,"pointerup pointercancel",()=>{y=void 0,v&&v[2]*v[3]<2e-4&&(v=void 0),E()});function E(){let K=v??e.set(e.looks.slice)?.box??void 0;if(o.hidden=!K,K){let[O,V,R,X]=K.map(Z=>`${100*Z}%`);o.style.cssText=`left:${O};top:${V};width:${R};height:${X}`}v??=K?[...K]:void 0;let Q=e.rows.length;G(x,v?`Cover it in these ${Q.toLocaleString("en")} pictures`:"Draw a box on the picture"),x.disabled=!v||!!e.experiment?.busy||!Q}let T=de(t,m,(K,Q,O)=>{let V=c("button.verdict",{$pressed:"false"},c("span.keycap",String(Q+1)),K);return N(O,V,"click",()=>r.decide(K)),[V,()=>L(V,{$pressed:String(e.table?.word("verdict",$)===K)})]}),D=de(t,d,([K,Q,O])=>{let V=c("span.class",K,O&&c("span.note",` ${O}`));return V.style.backgroundSize=`${100*Q}% 100%`,[c(".bar",{_kind:O},V,c("span.chance",Y(Q))),()=>{}]}),U=de(t,l,(K,Q,O)=>{let V=c("canvas",{$hidden:"true"}),R=c("button.mini",V);N(O,R,"click",()=>r.choose(K));let X=!1;return[R,()=>{let{table:Z}=e,ie=Z?.word("prediction",K)??"",re=Z?.word("label",K)??"",me=re&&re!==ie?`${ie}, labelled ${re}`:ie;L(R,{title:me,$label:me,_wrong:!!(re&&re!==ie)});let Se=e.pictures.bitmap(K);!Se||X||(X=!0,Object.assign(V,{width:112,height:112}),Me(V,Se,void 0,e.looks))}]});async function P(K,Q){try{let O=await createImageBitmap(new Blob([be(Q.data)],{type:Q.mime}));F?.bitmap.close(),F={row:K,picture:Q,bitmap:O},K===$&&H()}catch(O){console.warn(O)}}function H(){let K=F?.row===$?F.bitmap:e.pictures.bitmap($);if(!K)return;let Q=Math.min(devicePixelRatio||1,2),O=ln*Q/Math.max(K.width,K.height),V=[Math.round(K.width*O),Math.round(K.height*O)];(n.width!==V[0]||n.height!==V[1])&&Object.assign(n,{width:V[0],height:V[1]}),_=V,a.style.setProperty("--xw-aspect",String(_[0]/_[1])),A=Me(n,K,e.looks.maps?z():void 0,e.looks),L(n,{_sharp:F?.row===$,_row:$})}function z(){if(f==="prediction"||j())return e.pictures.sprite($)?.map;let K=e.labelMap($);return typeof K=="string"?void 0:K}let j=()=>{let{table:K}=e,Q=K?.word("label",$);return!Q||Q===K?.word("prediction",$)};function C(){let{table:K,frozen:Q,head:O,looks:V}=e,R=V.row??-1,X=!!(K&&R>=0&&R<K.count);if(S.hidden=X,ee.hidden=!X,!K||!X)return;R!==$&&($=R,v=void 0,e.lookAt(R));let Z=e.detail(R);Z?.picture&&F?.picture!==Z.picture&&P(R,Z.picture);let[ie,re]=[K.word("prediction",R),K.word("label",R)],me=K.number("probability",R);B.hidden=j()||Q&&e.labelMap(R)===void 0,f==="label"&&!B.hidden&&e.askLabelMap(R),q(f),H(),E(),G(s,[K.word("key",R),`row ${R.toLocaleString("en")}`,...J(R)].filter(Boolean).join(" · "));let Se=f==="label"&&typeof e.labelMap(R)=="string"?String(e.labelMap(R)):"";oe(i,[Z?.words,Se].filter(Boolean).join(" "));let he=!!K.correct[R],xe=(Z?.top??[]).map(({name:ne,probability:nt,index:en})=>[ne,nt,Yt(ne,en)]),Qe=Math.exp(-K.number("loss",R)),Fe=[];ie&&!Number.isNaN(me)&&Fe.push([ie,me,he?"right":re?"wrong":""]),re&&!he&&!Number.isNaN(Qe)&&Fe.push([re,Qe,"label"]),xe.length&&re&&!he&&!xe.some(([ne])=>ne===re)&&xe.push([re,Qe,"label"]);function Yt(ne,nt){return ne===re?he?"right":"label":ne===ie&&re&&!he?"wrong":""}let et=xe.length?xe:Fe;for(let ne of D(et,JSON.stringify(et)))ne();let Ke=e.nearest(R);u.hidden=!Ke.length,e.wantAlso(Ke,"chosen");for(let ne of U(Ke,Ke.join()))ne();let tt=r.subjects();G(k,tt.length>1?`${tt.length.toLocaleString("en")} chosen`:""),g.hidden=Q&&!K.word("verdict",R),w.hidden=Q;for(let ne of T(e.verdict_words))ne();for(let ne of m.querySelectorAll("button"))ne.disabled=Q;b.hidden=h.hidden=Q||!O?.able;let{experiment:He}=e;L(p,{_survives:He?.survives}),oe(p,He?.busy?"Covering …":He?.words??"");let Xt=ot(e.state())&&["gone","silent"].includes(e.state());for(let ne of M)ne.disabled=Xt;L(n,{$label:`${K.word("key",R)}: ${ie} ${Number.isNaN(me)?"":Y(me)}${re&&!he?`, labelled ${re}`:""}`})}function J(K){let{table:Q,head:O}=e,V=(O?.metadata??[]).slice(0,6).map(X=>{let Z=Q.word(X,K);return Z&&`${X} ${Z}`}),R=Q.number("loss",K);return[...V,Number.isNaN(R)?"":`loss ${le(R).replace("+","")}`]}return{part:[te,C],painted:()=>$>=0?A:void 0,paint:()=>{H();for(let K of U(e.nearest($),e.nearest($).join()))K()}}}var ge=65535;function kt(t,e){if(!e)return[0,1];let r=1.959964,n=t/e,o=(n+r*r/(2*e))/(1+r*r/e),a=r/(1+r*r/e)*Math.sqrt(n*(1-n)/e+r*r/(4*e*e));return[Math.max(0,o-a),Math.min(1,o+a)]}function Mt(t,e){let[r,n]=[t.codes("label"),t.codes("prediction")],o=new Map,a=t.classes.length;for(let s=0;s<t.count;s++){if(e&&!e[s]||r[s]===ge||n[s]===ge)continue;let i=r[s]*a+n[s];o.set(i,(o.get(i)??0)+1)}return o}function At(t,e){let r=new Map;for(let[n,o]of t){let a=Math.floor(n/e);r.set(a,(r.get(a)??0)+o)}return[...t].map(([n,o])=>{let a=Math.floor(n/e);return{label:a,prediction:n%e,count:o,share:o/r.get(a)}}).filter(({label:n,prediction:o})=>n!==o).sort((n,o)=>o.count-n.count||o.share-n.share||n.label-o.label)}function St(t,e,r,n){let o=[],a=n.length/2;for(let s=0;s<t.length;s++){if(!r[s]||Number.isNaN(t[s]))continue;let[i,d]=[t[s],e[s]],l=!1;for(let u=0,m=a-1;u<a;m=u++){let[w,k]=[n[2*u],n[2*u+1]],[g,M]=[n[2*m],n[2*m+1]];k>d!=M>d&&i<(g-w)*(d-k)/(M-k)+w&&(l=!l)}l&&o.push(s)}return o}function Je({shapes:t,peaks:e,signed:r,data:n},o){let a=be(n).slice(),s=0;return e.map((i,d)=>{let l=[t[2*d],t[2*d+1]],u=r[d],m=[u?-i:0,i],w=a.subarray(s,s+l[0]*l[1]);return s+=w.length,{shape:l,signed:u,peak:i,gamma:o,range:m,data:w,state:i?"ok":"zero",message:""}})}var Kt=64;function Et(t){let e=[],r,n=new Map,o="",a=(i,d,l)=>`${i} ${d} ${l}`;function s(i){r=i,o="";let d=Je(i.maps,i.gamma),l=Je(i.differences,i.gamma);n=new Map([...i.cells.map(([u,m],w)=>[a("cell",u,m),d[w]]),...i.labels.map((u,m)=>[a("difference",u,u),l[m]])])}return{shown:!1,canvas(i,d,l,u){let w=c("canvas.meanmap",u?{title:u,role:"img",$label:u}:{$hidden:"true"});return e.push([a(i,d,l),w]),w},forget(){e=[],o=""},closed:()=>t.frozen&&!t.means?"not in this saved page":null,words(){return this.shown?t.busy("means")?"Adding up maps …":t.words("means")||(t.means?.words??""):""},paint(){let{table:i,means:d,looks:l}=t;if(!this.shown||!i?.done)return;i.done+i.failed===i.count&&t.askMeans(),d&&d!==r&&s(d);let u=JSON.stringify({...l,chosen:0,row:0,filter:0});if(!(!d||u===o)){o=u;for(let[m,w]of e){let k=n.get(m);Object.assign(w,k?{width:Kt,height:Kt}:{width:0,height:0}),L(w,{_there:!!k}),k&&Re(w,k,l)}}}}}var Be=25,qe=12,$t=200;function It(t,e,r){let n=e.length,o=Math.min(r,n),a=[],s=0;for(let l=0;l<o;l++){let u=Math.floor(n/o)+ +(l<n%o);a.push(e.slice(s,s+u)),s+=u}let i=new Map(a.flatMap((l,u)=>l.map(m=>[m,u]))),d=a.map(()=>new Array(o).fill(0));for(let[l,u]of t)d[i.get(Math.floor(l/n))][i.get(l%n)]+=u;return{counts:d,bundles:a}}function Nt(t,e,r){let n=c("table.matrix",{_control:"confusion"}),o=c(".pairs"),[a,s,i]=[c("p.facts"),c("p.facts"),c("p.facts")],d=c(".matrixbox",n),l=Et(e),[u,m]=se(t,"Cells show","cells",[["counts","counts"],["maps","mean maps"]],f=>{l.shown=f==="maps",h()}),w=c(".tools2",a,c("span.spring"),u),k=c("button.link",{_control:"more-confusions"}),g=c("h3","Taken for another"),M=c(".confusion",w,i,d,g,o,k,s),x="",p=!1;N(t,k,"click",()=>{p=!p,h()});let b=de(t,o,({label:f,prediction:A,count:v,share:$},F,_)=>{let{classes:B}=e.table,q=c("button.set.pair",c("span.title",`${B[f]} → ${B[A]}`));return q.append(l.canvas("cell",f,A,`mean map of ${B[f]} → ${B[A]}`),l.canvas("cell",f,f,`mean map of ${B[f]} answered right`),l.canvas("difference",f,f,`${B[f]}: right less wrong`),c("span.figure",v.toLocaleString("en")),c("span.note",`${Y($,0)} of them`)),N(_,q,"click",()=>r.show({label:[f],prediction:[A]},"")),[q,()=>{}]});function h(){let{table:f}=e;if(!f)return;let A=f.classes.length,v=A>Be;v&&f.done+f.failed===f.count&&e.read("order"),m(l.shown?"maps":"counts",l.closed()),oe(i,l.words()),L(M,{_maps:l.shown&&!!e.means});let $=`${f.answered} ${e.order?.length} ${p}`;if($===x){l.paint();return}x=$,l.forget();let F=Mt(f),_=At(F,A),B=_.reduce((E,{count:T})=>E+T,0),q=e.order?[...e.order]:f.classes.map((E,T)=>T),ee=`${B.toLocaleString("en")} of ${e.total.labelled.toLocaleString("en")} pictures are taken for another class.`;G(a,v?`${ee} ${A.toLocaleString("en")} classes in ${Math.min(Be,A)} bundles, those that are confused beside each other; a cell shows its pictures.`:`${ee} Labels down, answers across; a cell, a row or a column shows its pictures.`),v?S(It(F,q,Be),f.classes,!0):S(It(F,f.classes.map((E,T)=>T),Be),f.classes,!1),v&&M.append(d);let te=p?$t:qe;b(_.slice(0,te));let y=_.slice(te).reduce((E,{count:T})=>E+T,0),I=(_.length-te).toLocaleString("en");oe(s,y?`and ${y.toLocaleString("en")} in ${I} other confusions`:""),k.hidden=_.length<=qe,G(k,p?"Fewer":`Show ${Math.max(0,Math.min($t,_.length)-qe)} more`),l.paint()}function S({counts:f,bundles:A},v,$){let F=f.map(y=>y.reduce((I,E)=>I+E,0)),_=y=>y.length>1?`${v[y[0]]} and ${y.length-1} more`:v[y[0]],B=(y,I)=>(N(t,y,"click",()=>r.show(I,"")),y),q=A.map(y=>c("th",{scope:"col"},B(c("button.turned",{title:`answers: ${_(y)}`},$?"":_(y)),{prediction:y}))),ee=f.map((y,I)=>{let E=A[I],T=B(c("button.side",{title:`labels: ${_(E)}`},_(E)),{label:E}),D=y.map((U,P)=>{let H=F[I]?U/F[I]:0,z=I===P,j=`${_(E)}, answered ${_(A[P])}: ${U}`,C=c("button.cell",{title:j,$label:j,disabled:!U},$||!U?"":String(U));C.style.setProperty("--xw-weight",`${Math.round(100*Math.sqrt(H))}%`),!$&&U&&C.prepend(l.canvas("cell",E[0],A[P][0],"")),L(C,{_right:z,_strong:H>.45});let J={label:E,prediction:A[P]};return c("td",B(C,$&&z?{...J,correct:!1}:J))});if(!$){let U=`${_(E)}: where evidence lies in right answers and not in wrong ones`,P=c("span.cell",{title:U,role:"img",$label:U});P.append(l.canvas("difference",E[0],E[0],"")),D.push(c("td.less",P))}return c("tr",c("th",{scope:"row"},T),...D)}),te=$?[]:[c("th.less",{scope:"col"},c("span.turned","right − wrong"))];n.replaceChildren(c("tr",c("td"),...q,...te),...ee),L(n,{_many:$}),n.style.setProperty("--xw-n",String(A.length))}return[M,h]}var cn=5e3,Ct=160,Lt=112;function Tt(t,e,r){let[n,o]=[c("p.facts"),c("p.facts")],a=c(".groupcards"),s=c("button.wide",{_control:"group"}),i="features",[d,l]=se(t,"Alike by","groups-of",[["features","what it looks at","The layer's features, weighted by the map"],["maps","where it looks","The maps themselves, made 16 x 16"]],x=>{i=x,e.group(i)});N(t,s,"click",()=>e.group(i));let u=c(".groups",c(".tools2",d,c("span.spring"),s),n,a,o);function m({mask:x}){let p=e.table,b=p.codes("prediction"),h=new Map,[S,f]=[0,-1];for(let v=0;v<x.length;v++){if(!x[v])continue;S++;let $=(h.get(b[v])??0)+1;h.set(b[v],$),$>(h.get(f)??0)&&(f=b[v])}let A=Y((h.get(f)??0)/(S||1),0);return f<0?"":`${A} answered ${p.classes[f]??f}`}let w=de(t,a,(x,p,b)=>{let h=c("canvas.meanmap",{$hidden:"true"});Object.assign(h,{width:Ct,height:Ct});let S=x.first.map(()=>c("canvas",{$hidden:"true"}));for(let _ of S)Object.assign(_,{width:Lt,height:Lt});let[f,A]=[c("span"),c("span",`${x.count.toLocaleString("en")} pictures`)],v=Y(x.count/(e.groups?.of_rows||x.count),0),$=c("button.groupcard",{_group:p},h,c(".about2",c("b",x.title,c("span.note",` ${v}`)),A,c("span",m(x)),f,c(".near",...S)));if(N(b,$,"click",()=>r.show({},x.id)),x.accuracy!==null){let _=x.count,B=(x.interval??kt(x.accuracy*_,_)).map(q=>Y(q,0));G(f,`${Y(x.accuracy,0)} right [${B.join(", ")}]`)}let F="";return[$,()=>{L($,{$pressed:String(e.looks.slice===x.id)});let _=JSON.stringify({...e.looks,chosen:0,row:0});if(_!==F){let B=e.groups?.mean[p];B&&Re(h,B,e.looks)}x.first.forEach((B,q)=>{let ee=e.pictures.bitmap(B),te=S[q];if(!ee||te.dataset.xwLook===_)return;let y=e.looks.maps?e.pictures.sprite(B)?.map:void 0;Me(te,ee,y,e.looks),L(te,{_look:_})}),F=_}]}),k=[],g;function M(){let{table:x,groups:p,frozen:b,rows:h}=e;if(!x||e.looks.view!=="groups")return;let S=x.done+x.failed===x.count,f=e.busy("groups")||p||e.words("groups");S&&!f&&!b&&h.length&&h.length<=cn&&e.group(i);let A=h.length.toLocaleString("en");G(s,`Group the ${A} pictures that are shown`),s.hidden=b,s.disabled=!h.length||e.busy("groups"),l(p?.of??i,b?"not in this saved page":null);let v=p?.stability,$=v==null?"They are one group: no gap parts them.":`Drawn again from 80 % of them, the groups agree to ${le(v).replace("+","")} of 1.`,F=p?.of_rows.toLocaleString("en");oe(n,e.busy("groups")?"Looking for groups …":e.words("groups")||(p?`The maps of ${F} pictures. ${$}`:"")),oe(o,p?`${p.words} A group that is nearly always right and looks at one place is worth a suspicion. A map alone is no proof: cover the place.`:"");let B=p?e.sets("groups"):[];g!==p&&(g=p,k=B.flatMap(({first:q})=>q)),e.wantAlso(k,"groups");for(let q of w(B,p))q()}return[u,M]}function Pt(t,e,r){let n=c("button.link.back",{_control:"back"},"← Back to the pictures"),o=c("span.facts"),[a,s]=se(t,"Viewer","viewer",[["heatmap","Heatmap"],["faithfulness","Faithfulness"],["comparison","Gradients"]],g=>r.open(g)),i=c("p.nothing",{hidden:!0}),d=c(".place"),l=c(".inplace",{hidden:!0},c(".tools2",n,o,c("span.spring"),a),i,d),u;N(t,n,"click",k),t.addEventListener("abort",()=>u?.());function m(g,M){l.hidden=!1,s(g),G(o,M),oe(i,"Opening …"),u?.(),u=void 0,d.replaceChildren(),n.focus({preventScroll:!0})}async function w(g){if(!l.hidden){if(g.words)return oe(i,g.words);try{let M=await e.widget_manager.get_model(g.model),x=new Blob([String(M.get("_esm"))],{type:"text/javascript"}),p=URL.createObjectURL(x),b=(await import(p)).default;URL.revokeObjectURL(p);let h=c("");d.replaceChildren(h);let S=h.attachShadow({mode:"open"}),f=document.createElement("style");f.textContent=String(M.get("_css"));let A=document.createElement("div");S.append(f,A);let v=new AbortController;b.render({model:M,el:A,signal:v.signal}),u=()=>v.abort(),oe(i,"")}catch(M){oe(i,`This host cannot show a viewer in place (${M}). In a cell: xw.HeatmapViewer(study.engine, ...)`)}}}function k(){l.hidden||(u?.(),u=void 0,d.replaceChildren(),l.hidden=!0,r.closed())}return{element:l,wait:m,take:w,close:k,isOpen:()=>!l.hidden}}var un=.08;function We(t,e,r){return{low:t,high:e,peak:r,tail:r>Math.max(-t,e)?un:0}}var _t=({low:t,high:e,tail:r})=>[t<0?r:0,e>0?r:0];function pe(t,e){let{low:r,high:n,peak:o}=t,[a,s]=_t(t);return e>n?1-s+s*W((e-n)/(o-n||1),0,1):e<r?a*(1-W((r-e)/(o+r||1),0,1)):a+(1-a-s)*((e-r)/(n-r||1))}function Ae(t,e){let{low:r,high:n,peak:o}=t,[a,s]=_t(t),i=W(e,0,1);return s&&i>1-s?n+(i-1+s)/s*(o-n):a&&i<a?r-(1-i/a)*(o+r):r+(i-a)/(1-a-s)*(n-r)}function Ot({nativeValues:t,nativeCounts:e},r){let n=0;for(let o=0;o<t.length;o++)e[o]&&(n=Math.max(n,Math.abs(ke(t[o],r))));return n}function Rt(t,e,r,n){let o=i=>_e(t,i/10,r),[a,s]=[10*n,1e3];for(;s-a>1;){let i=a+s>>1;o(i)<e?a=i:s=i}return(e-o(a)<o(s)-e?a:s)/10}function Bt(t,e,r,n){let o=new Array(n).fill(0);if(t.high<=t.low)return o;for(let s=0;s<e.values.length;s++){let i=e.values[s];if(!ke(i,r))continue;let[d,l]=[t.low<0&&t.high>0,Math.abs(i)],u=d?i:t.low<0?-l:l,m=pe(t,u);o[Math.min(n-1,Math.floor(m*n))]+=e.counts[s]}let a=Math.max(...o,1);return o.map(s=>Math.sqrt(s/a))}var Ge=90,dn={threshold:"Threshold: drag, or arrow keys; double click resets",clip:"Where colours end: drag, or arrow keys; double click resets"},pn={threshold:[.01,.1],clip:[.1,1]};function Ut(t,e){return r=>{let n=(g,M,x,p)=>c(`.barend.bar${g}`,{role:"slider",tabindex:0,title:dn[g],$label:M,$valuemin:x,$valuemax:p,_control:`bar-${g}`}),o={threshold:n("threshold","Threshold on the colour bar",0,100),clip:n("clip","Clip on the colour bar",Ge,100)},a=[c(".barend.mirror"),c(".barend.mirror")],s,i,d,l,u=()=>i&&i.high>0?1:-1,m=g=>g==="clip"?s.most:e.appearance.threshold*s.most;function w(g,M){if(s)if(g==="threshold"){let x=s.most>0?M/s.most:0;e.look("threshold",Math.round(100*W(x,0,1))/100)}else e.look("clip",Rt(s.map,M,e.appearance.sign,Ge))}let k=({clientX:g})=>{let{left:M,width:x}=r.getBoundingClientRect(),p=Ae(i,(g-M)/(x||1));return i.low<0&&i.high>0?Math.abs(p):Math.max(0,u()*p)};N(t,r,"pointerdown",g=>{if(g.button||!s||!i)return;ae(g);let M=k(g),x=S=>Math.abs(pe(i,u()*m(S))-pe(i,u()*M)),p=x("clip")<x("threshold")?"clip":"threshold";o[p].focus({preventScroll:!0}),o[p].setPointerCapture(g.pointerId);let b=new AbortController;d=i,l=void 0;let h=g.clientX;N(b.signal,r,"pointermove",S=>{S.pointerId===g.pointerId&&(Math.abs(S.clientX-h)>2&&(l=p),l&&w(p,k(S)))}),N(b.signal,r,"pointerup pointercancel lostpointercapture",()=>{b.abort(),d=l=void 0,e.look("clip",e.appearance.clip)})});for(let g of["threshold","clip"])N(t,o[g],"dblclick",()=>e.look(g,ue[g])),N(t,o[g],"keydown",M=>{let{key:x,shiftKey:p}=M,b=g==="clip"?[Ge,100]:[0,1],h=pn[g][p?1:0]*(it(x)??0),S={Home:b[0],End:b[1]}[x];if(Ie(M)||!h&&S===void 0)return;ae(M);let f=W(S??e.appearance[g]+h,b[0],b[1]);e.look(g,+f.toFixed(g==="clip"?1:2))});return{elements:[...a,o.threshold,o.clip],hold:g=>d??g,show(g,M){[s,i]=[g,M];let x=!!g&&g.most>0,{threshold:p,clip:b}=e.appearance;for(let[S,f]of["threshold","clip"].entries()){if(o[f].hidden=!x,a[S].hidden=!x||!(M.low<0&&M.high>0),!x)continue;let A=m(f);o[f].style.left=`${100*pe(M,u()*A)}%`,a[S].style.left=`${100*pe(M,-A)}%`,L(a[S],{_of:f})}L(o.threshold,{$valuenow:Math.round(100*p),$valuetext:`${Y(p,0)}, keeps ${Y(g?.kept??1,0)}`});let h=g?`, ${le(g.most)}`:"";L(o.clip,{$valuenow:b,$valuetext:`${Y(b/100)}${h}`})}}}}var Qt=380;function Ft(t,e,r,n,o,a=r){let s=Le(),i=c(".popup",{role:"listbox",id:s,$label:n,hidden:!0}),d=[],l=[],u=-1;e.append(i),ce(t,()=>i.remove()),L(r,{role:"combobox",$haspopup:"listbox",$expanded:"false",$controls:s}),N(t,i,"pointerdown mousedown",ae),N(t,r,"blur",m);function m(){i.hidden||(i.hidden=!0,L(r,{$expanded:"false",$activedescendant:null}))}function w(p){!p||p.reason||(m(),o(p.value))}function k(p){d[u]?.removeAttribute("data-xw-active"),u=p;let b=d[p];if(L(r,{$activedescendant:b?.id}),!b)return;L(b,{_active:!0});let{offsetTop:h,offsetHeight:S}=b;i.scrollTop=W(i.scrollTop,h+S-i.clientHeight+4,Math.max(0,h-28))}function g(p,b){for(let h=p;l[h];h+=b)if(!l[h]?.reason){k(h);break}}function M(p,b,h){let{value:S,reason:f,note:A,title:v,swatch:$}=p,F=c("label.option",{id:`${s}-${b}`,role:"option",$selected:String(S===h),$disabled:f?"true":null,_value:S,title:v});return $&&F.append($()),F.append(c("span.label",p.label),c("span.note",f??A??"")),N(t,F,"click",()=>w(p)),F}function x(){let p=i.offsetParent.getBoundingClientRect(),b=a.getBoundingClientRect(),h=p.bottom-b.bottom-12,S=b.top-p.top-12,f=h<Math.min(i.scrollHeight+2,Qt)&&S>h,A=p.width-16,v=Math.min(b.left-p.left-1,A+8-i.offsetWidth);i.style.cssText=`min-width:${Math.min(b.width,A)}px;left:${Math.max(8,v)}px;max-height:${W(f?S:h,120,Qt)}px;${f?`bottom:${p.bottom-b.top+3}`:`top:${b.bottom-p.top+3}`}px`}return{isOpen:()=>!i.hidden,close:m,walk:g,open(p,b){l=p,u=-1,d=l.map((A,v)=>M(A,v,b)),i.replaceChildren();let h,S=i;l.forEach((A,v)=>{A.group&&A.group!==h&&(h=A.group,S=c("",{role:"group",$label:h},c(".group",h)),i.append(S)),S.append(d[v])}),i.hidden=!1,L(r,{$expanded:"true"}),x();let f=l.findIndex(({value:A})=>A===b);f<0?g(0,1):k(f)},find(p){let b=l.length,h=Math.max(0,p.length>1?u:u+1);for(let S=0;S<b;S++){let{label:f,reason:A}=l[(h+S)%b];if(!(A||!f.toLowerCase().startsWith(p))){k((h+S)%b);break}}},key(p){let{key:b}=p;if(b==="ArrowDown")g(u+1,1);else if(b==="ArrowUp")g(u-1,-1);else if(b==="Enter")w(l[u]);else if(b==="Escape")m(),p.stopPropagation();else return!1;return ae(p),!0}}}var mn=700;function we(t,e,r,n,o,a,s){let[i,d]=[c("span.label"),c("span.note")],l=Ne("M4 6.5l4 4 4-4"),u=c(`button.field.picker.${o}`,{_control:n},i,d,l),m=Ft(t,e,u,r,a),w=[],k=[],g="",M="",x=0,p=()=>{u.focus(),k=typeof w=="function"?w():w,m.open(k,g)};return N(t,u,"click",()=>m.isOpen()?m.close():p()),s&&N(t,u,"dblclick",s),N(t,u,"keydown",b=>{let{key:h,timeStamp:S}=b,f=/^[^ ?]$/.test(h)&&!Ie(b);if(m.isOpen()){if(m.key(b))return;if(h==="Home")m.walk(0,1);else if(h==="End")m.walk(k.length-1,-1);else if(!f)return}else if(f||h==="ArrowDown"||h==="ArrowUp")p();else return;ae(b),f&&(M=S-x>mn?h:M+h,x=S,m.find(M.toLowerCase()))}),{element:u,show(b,h,S,f="",A=!1){w=b,g=h,G(i,S),L(i,{title:S}),G(d,f),L(d,{title:f||null}),L(u,{disabled:A,$label:`${r}: ${S}${f&&`, ${f}`}`})}}}var Ze=80;function Dt(t,e,r,n){let o=c("canvas.ramp",{_canvas:"bar"}),a=Ne("","xw-spread",`0 0 ${Ze} 1`),s=$e("path",{class:"xw-cut"});a.append(s);let i=c(".mark",{hidden:!0}),[d,l]=[c("span"),c("span")],u=h=>e.look("colormap",h),m=we(t,r,"Colormap","colormap","plain",u,()=>u("auto")),w=c(".ends",d,m.element,l),k=c(".rampbox",a,o,i),g=c(".colourbar",k,w),M=n?.(k);M&&k.append(...M.elements);let x=We(0,0,0);function p(h){let{colormap:S,threshold:f,sign:A}=e.appearance,v=h?.map.signed??e.method?.signed??!1,{name:$,diverging:F,title:_}=ve(S,v),B=h?.most??0,q=v&&A!=="positive"&&(F||A==="negative")?-1:0,ee=v&&A==="negative"?0:1,te=M&&h?Ot(h.map,A):0,y=We(q*B,ee*B,te);x=M&&h?M.hold(y):y;let I=C=>B>0?W(Ae(x,C)/B,-1,1):q+(ee-q)*C;je(o,256,C=>fn($,F,I(C/255),f));let E=h?Bt(x,h.map,A,Ze):[],T=C=>Math.abs(Ae(x,(C+.5)/Ze))<f*B,D=C=>`M0 1${E.map((J,fe)=>`V${C(fe)?(1-J).toFixed(3):1}H${fe+1}`).join("")}V1Z`;L(a.firstElementChild,{d:h?D(C=>!T(C)):""}),L(s,{d:h&&f?D(T):""});let U=y.tail>0;G(d,h?(U&&q?"≤ ":"")+le(y.low):""),G(l,h?(U&&ee?"≥ ":"")+le(y.high):""),M?.show(h,x);let P=e.shown?.range.map(le).join(" to ");L(g,{_low:y.low,_high:y.high}),L(w,{title:P?`Values: ${P}`:null});let H=ve("auto",v),z=Pe.map(C=>{let J=C.diverging?"Two-sided":"One-sided";return{value:C.name,label:C.title,group:J,swatch:()=>Ht(C.name)}}),j={value:"auto",label:"Automatic",group:"By sign"};z.unshift({...j,swatch:()=>Ht(H.name)}),m.show(z,S,_)}function b(h){i.hidden=h===null||x.high<=x.low,i.style.left=`${100*W(pe(x,h??0),0,1)}%`}return[g,p,b]}function fn(t,e,r,n){let o=3*ze(r,e);return[...ye(t).subarray(o,o+3),Math.abs(r)<n?40:255]}function Ht(t){let e=c("canvas.swatch"),r=ye(t);return je(e,64,n=>[...r.subarray(12*n+3,12*n+6),255]),e}var hn=1e9;function bn(t,e,r,n){let o=c("input.range",{type:"range",$label:e,_control:r});return N(t,o,"input",()=>n(+o.value)),{range:o,show(a,s,i,d,l=!1){L(o,{min:s,max:i,$valuetext:d,disabled:l}),o.value=String(a),o.style.setProperty("--xw-share",`${100*(a-s)/(i-s||1)}%`)}}}function gn(t,e,r,n,o){let{least:a,most:s,step:i,initial:d,format:l,rest:u,spoken:m,factor:w=1,whole:k}=n,{range:g,show:M}=bn(t,e,r,v=>f(v,!1));L(g,{step:i});let x=c("input.number",{inputmode:"decimal",autocomplete:"off",$label:`${e}, number`,_number:r}),p=d,b=null;function h(v,$=!1){p=v;let F=u?.()??l(v);b===null&&(x.value=F),x.disabled=$;let _=m?`${l(v)}. ${m()}`:F;M(v,a,s,u?`${l(v)}, ${F}`:_,$)}function S(){x.value=b=l(p)}function f(v,$){h(v),b!==null&&S(),o(v,$)}function A(){let v=rt(x.value);if(v===null||x.value===b)return;let $=W(v/w,a,s);f(k?Math.round($):$,!0)}N(t,g,"change",()=>f(+g.value,!0));for(let v of[g,x])N(t,v,"dblclick",()=>f(d,!0));return N(t,x,"focus",()=>{S(),x.select()}),N(t,x,"blur",()=>{A(),b=null,h(p)}),N(t,x,"keydown",v=>{if(v.key==="Enter")A();else if(v.key!=="Escape")return;S(),x.select()}),{range:g,field:x,show:h}}function Ue(t,e,r,n,o,a=""){let{range:s,field:i,show:d}=gn(t,e,r,n,o),l=n.most-n.least>=hn;return[Ce(e,a,l?c("span"):s,i),d]}var Ye={least:0,most:1,step:.01,factor:100,format:t=>Y(t,0)};function Vt(t,e){let r={...Ye,initial:ue.opacity};return Ue(t,"Opacity","opacity",r,n=>e.look("opacity",n))}function jt(t,e){let r=a=>Y(a/100),n={least:90,most:100,step:.1,initial:ue.clip,format:r};return Ue(t,"Clip","clip",n,a=>e.look("clip",a),"The percentile where colours end")}var wn=["normal","multiply","screen","luminosity"],xn=[["both","±","For and against"],["positive","+","For the class"],["negative","−","Against the class"]];function zt(t,e,r){let n=1,[o,a,s]=Dt(t,e,r,Ut(t,e)),[i,d]=Vt(t,e),l=()=>`keeps ${Y(n,0)}`,u={...Ye,initial:ue.threshold,rest:l},m=v=>e.look("threshold",v),w="Hides values below this share of the maximum",[k,g]=Ue(t,"Threshold","threshold",u,m,w),[M,x]=jt(t,e),p=v=>e.look("blend",v),b=we(t,r,"Blend","blend","blend",p,()=>p(ue.blend)),[h,S]=se(t,"Sign","sign",xn,v=>e.look("sign",v)),f=Ce("Blend","",b.element,h),A=v=>{let $=e.appearance,F=$.arrangement==="side_by_side";n=v?.kept??1,d($.opacity,F),g($.threshold),x($.clip);let _=wn.map(B=>({value:B,label:De(B)}));b.show(_,$.blend,De($.blend),"",F),S($.sign),h.hidden=!v?.map.signed,a(v)};return[dt("Appearance",i,k,M,f,o),A,s]}function Jt(t,e,r,n){let o={look:e.look,shown:void 0,get appearance(){return{...e.looks,arrangement:"overlay"}},get method(){return{signed:e.head?.signed??!1}}},[a,s]=zt(t,o,r);return[a,()=>{a.hidden=!e.looks.maps||!e.table?.done,a.hidden||s(n())}]}var qt=5e3,yn=["correct","label","prediction","loss","probability","slice"],Xe=["#4477aa","#ee7733","#228833","#cc3377","#66ccee","#aa7744","#9988dd","#bbaa33","#009988","#777777"];function vn(t,e){return[Wt(t),Wt(e)]}function Wt(t){let[e,r]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let n of t)n<e&&(e=n),n>r&&(r=n);return t.map(n=>.03+.94*(n-e)/(r-e||1))}function Gt(t,e,r,n){let o=c("canvas.cloud",{role:"img",_control:"similarity"}),a=c("canvas.cloud",{$hidden:"true"}),[s,i]=[c("p.facts"),c("p.legend2")],d=c(".hover2",{hidden:!0}),l=c(".cloudbox",{tabindex:0,role:"group",$label:"Similarity"},o,a,d),u="tsne",m="correct",[w,k]=se(t,"Projection","projection",[["tsne","t-SNE"],["pca","components"]],y=>{u=y,e.read(u),te()}),g=we(t,r,"Colour by","colour","prefixed.colour",y=>{m=y,te()}),M=c("button.wide",{_control:"tsne"},"Place all pictures by t-SNE");N(t,M,"click",()=>e.read("tsne",!0));let x=c(".similarity",c(".tools2",g.element,c("span.spring"),w),l,M,i,s),[p,b]=[new Float32Array,new Float32Array],h,S="",f=[],A=!1;function v(){let y=e.table,I=getComputedStyle(r),E=I.getPropertyValue("--xw-point")||"#4477aa",T=I.getPropertyValue("--xw-wrong-ink")||"#d9480f",D=I.getPropertyValue("--xw-faint")||"#bbb";if(m==="correct")return{of:P=>y.correct[P]?E:y.codes("label")[P]===ge?D:T,keys:[["right",E],["wrong",T]]};if(m==="slice"){let P=e.set(e.looks.slice)?.mask,H=e.set(e.looks.slice)?.title??"no slice is shown";return{of:z=>P?.[z]?T:E,keys:[[H,T],["the others",E]]}}let U=y.columns.get(m);if(U?.kind==="number"){let[P,H]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let j of U.data)j<P&&(P=j),j>H&&Number.isFinite(j)&&(H=j);let z=j=>`hsl(${(250-215*j).toFixed(0)} 75% ${(45+8*j).toFixed(0)}%)`;return{of:j=>{let C=(U.data[j]-P)/(H-P||1);return Number.isNaN(C)?D:z(Math.round(12*Math.min(1,Math.sqrt(C)))/12)},keys:[[`${m} ${+P.toPrecision(2)}`,z(0)],[String(+H.toPrecision(3)),z(1)]]}}if(U?.kind==="code"){let P=new Map;for(let C of U.data)C!==ge&&P.set(C,(P.get(C)??0)+1);let H=[...P].sort((C,J)=>J[1]-C[1]).slice(0,Xe.length-1).map(([C])=>C),z=new Map(H.map((C,J)=>[C,Xe[J]])),j=H.map((C,J)=>[U.values[C],Xe[J]]);return P.size>H.length&&j.push(["others",D]),{of:C=>z.get(U.data[C])??D,keys:j}}return{of:()=>E,keys:[]}}function $(){let{clientWidth:y,clientHeight:I}=l,{table:E,mask:T,rows:D}=e;if(!E||!y||!h)return;let U=r.dataset.xwTheme,P=[y,I,u,m,E.version,D.length,e.looks.slice,U,h.length].join();if(P===S&&F===D)return;F=D,S=P;let H=Math.min(devicePixelRatio||1,2);for(let O of[o,a])Object.assign(O,{width:y*H,height:I*H});let z=o.getContext("2d"),{of:j,keys:C}=v(),J=D.length<E.done,fe=H*(E.done>2e4?1.2:E.done>3e3?1.8:2.8),K=new Map,Q=(O,V,R)=>{let X=K.get(O);X??=new Path2D,K.set(O,X);let[Z,ie]=[p[V]*o.width,b[V]*o.height];X.moveTo(Z+R,ie),X.arc(Z,ie,R,0,7)};for(let O=0;O<p.length;O++)Number.isNaN(p[O])||Q(`${T[O]?"1":"0"}${j(O)}`,O,T[O]?fe:.8*fe);for(let O of["0","1"]){z.globalAlpha=O==="0"?J?.14:.6:E.done>2e4?.6:.85;for(let[V,R]of K)V[0]===O&&(z.fillStyle=V.slice(1),z.fill(R))}z.globalAlpha=1,i.replaceChildren(...C.map(([O,V])=>{let R=c("i.dot");return R.style.background=V,c("span",R,O)})),_()}let F;function _(){let y=a.getContext("2d");y.clearRect(0,0,a.width,a.height);let I=e.looks.row??-1,E=a.width/(l.clientWidth||1);if(y.lineWidth=2*E,y.strokeStyle=getComputedStyle(r).color,I>=0&&!Number.isNaN(p[I]??Number.NaN)&&(y.beginPath(),y.arc(p[I]*a.width,b[I]*a.height,6*E,0,7),y.stroke()),!(f.length<4)){y.lineWidth=1.2*E,y.setLineDash([4*E,3*E]),y.beginPath();for(let T=0;T<f.length;T+=2)y.lineTo(f[T]*a.width,f[T+1]*a.height);y.closePath(),y.stroke(),y.setLineDash([])}}let B=({clientX:y,clientY:I})=>{let{left:E,top:T,width:D,height:U}=l.getBoundingClientRect();return[(y-E)/D,(I-T)/U]};function q(y,I){let[E,T]=[l.clientWidth,l.clientHeight],[D,U]=[-1,12**2],{mask:P}=e;for(let H=0;H<p.length;H++){let z=((p[H]-y)*E)**2+((b[H]-I)*T)**2;z<U&&P[H]&&([D,U]=[H,z])}return D}N(t,l,"pointerdown",y=>{y.button||(A=!0,f=B(y),l.setPointerCapture(y.pointerId))}),N(t,l,"pointermove",y=>{if(A){f.push(...B(y)),_();return}let I=q(...B(y));if(d.hidden=I<0,I<0)return;let{table:E}=e,T=E.word("label",I),D=E.word("prediction",I);G(d,T&&T!==D?`${D}, labelled ${T}`:D),d.style.cssText=`left:${100*p[I]}%;top:${100*b[I]}%`,L(d,{_late:p[I]>.6})}),N(t,l,"pointerleave",()=>{d.hidden=!0}),N(t,l,"pointerup pointercancel",y=>{if(!A)return;A=!1;let I=f;if(f=[],I.length<12){let E=q(...B(y));E>=0&&n.choose(E)}else{let E=St(p,b,e.mask,I);E.length&&n.lasso(E),n.speak(`${E.length} pictures within the lasso`)}_(),ae(y)}),N(t,l,"keydown",y=>{let[I,E]={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[y.key]??[0,0];if(!I&&!E)return;let T=e.looks.row??e.rows[0]??-1,[D,U]=[-1,Number.POSITIVE_INFINITY];for(let P=0;P<p.length;P++){let[H,z]=[p[P]-p[T],b[P]-b[T]],j=H*I+z*E,C=Math.abs(H*E)+Math.abs(z*I);P===T||!e.mask[P]||j<=0||C>j||j+2*C<U&&([D,U]=[P,j+2*C])}D>=0&&n.choose(D),ae(y)});let ee=new ResizeObserver($);ee.observe(l),ce(t,()=>ee.disconnect());function te(){let{table:y,frozen:I,head:E}=e;if(!y||e.looks.view!=="similarity")return;let T=y.done+y.failed===y.count;T&&e.read(y.count<=qt?"tsne":"pca");let D=["tsne","pca"].filter(J=>e.points(J));D.length&&!D.includes(u)&&(u=D[0]);let U=e.points(u);k(u,I?"not in this saved page":null),U&&U[0]!==h&&(h=U[0],[p,b]=vn(...U));let P=(E?.metadata??[]).filter(J=>y.columns.get(J)?.kind!=="text"),H=[...yn,...P].map(J=>({value:J,label:J==="correct"?"right or wrong":J}));g.show(H,m,H.find(({value:J})=>J===m)?.label??m);let z=e.busy("tsne")||e.busy("pca");M.hidden=I||!T||y.count<=qt||e.known("tsne")||!!e.points("tsne"),M.disabled=e.busy("tsne"),l.hidden=!U;let j=T?"":"Similarity is worked out when all pictures are explained.";oe(s,z?"Placing the pictures …":e.words(u)||(U?"Draw around points to keep them. What lies far apart says little.":j)),L(o,{$label:`${e.rows.length.toLocaleString("en")} pictures, alike ones near each other`}),$(),h&&_()}return[x,te]}var Zt=`/* The one that is chosen, confusion, similarity, and another viewer in the place of the pictures. */
.xw-dataset {
  /* The one that is chosen. */
  .xw-chosen {
    padding: 14px;
  }
  .xw-photobox {
    position: relative;
    overflow: hidden;
    border-radius: 6px;
    background: var(--xw-soft);
    line-height: 0;
  }
  .xw-photo {
    width: 100%;
    aspect-ratio: var(--xw-aspect, 1);
    cursor: crosshair;
    touch-action: pan-y;
  }
  .xw-placebox {
    position: absolute;
    border: 1.5px solid #fff;
    outline: 1.5px solid #000a;
    pointer-events: none;
  }
  .xw-chosen > .xw-segments {
    margin-top: 8px;
  }
  .xw-chosen > .xw-segments .xw-segment {
    flex: 1;
  }
  .xw-key {
    margin: 6px 0 8px;
    overflow-wrap: anywhere;
  }
  .xw-bar[data-xw-kind="wrong"] .xw-class {
    color: var(--xw-wrong-ink);
    font-weight: 600;
  }
  .xw-part {
    margin-top: 14px;
  }
  .xw-right > .xw-section {
    padding: 0 14px 14px;
  }
  .xw-near {
    display: grid;
    grid-template-columns: repeat(6, 1fr);
    gap: 5px;
  }
  .xw-mini canvas {
    display: block;
    width: 100%;
    aspect-ratio: 1;
    border-radius: 4px;
    background: var(--xw-soft);
  }
  .xw-mini[data-xw-wrong] canvas {
    box-shadow: 0 0 0 1.5px var(--xw-wrong);
  }
  .xw-verdicts {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 6px;
  }
  .xw-verdict {
    display: flex;
    gap: 8px;
    min-height: 30px;
    padding: 4px 9px;
    border: 1px solid var(--xw-line);
    border-radius: 7px;
  }
  .xw-verdict:hover:enabled {
    background: var(--xw-soft);
  }
  .xw-verdict[aria-pressed="true"] {
    border-color: var(--xw-brand);
    background: var(--xw-tint);
  }
  .xw-keycap {
    color: var(--xw-muted);
  }
  .xw-part > .xw-link {
    display: inline-block;
    margin-top: 4px;
    font-size: 12px;
    color: var(--xw-muted);
  }
  .xw-test {
    padding: 10px 12px;
    border-left: 3px solid var(--xw-wrong);
    border-radius: 0 6px 6px 0;
    background: color-mix(in srgb, var(--xw-wrong) 10%, var(--xw-bg));
    font-size: 12px;
  }
  .xw-test .xw-wide {
    background: var(--xw-bg);
  }
  .xw-tried {
    margin-top: 8px;
  }

  /* Confusion. */
  .xw-confusion,
  .xw-groups,
  .xw-similarity {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
    padding-right: 14px;
    overflow: hidden auto;
    overscroll-behavior: contain;
  }
  .xw-matrixbox {
    flex: none;
    margin: 8px 0 16px;
    overflow: auto hidden;
  }
  .xw-matrix {
    --xw-least: 20px;
    --xw-cell: clamp(var(--xw-least), calc((100cqw - 740px) / var(--xw-n) - 2px), 62px);
    border-collapse: separate;
    border-spacing: 2px;
    font-size: 11px;
    & td,
    & th {
      padding: 0;
      border: 0;
      background: none;
      font-weight: 400;
    }
    & tr,
    & tr:hover {
      background: none;
    }
  }
  .xw-cell {
    display: block;
    width: var(--xw-cell);
    height: max(18px, calc(var(--xw-cell) * 0.72));
    border-radius: 3px;
    background: color-mix(in srgb, var(--xw-wrong) var(--xw-weight), var(--xw-soft));
    font-size: 10px;
    text-align: center;
    &[data-xw-right] {
      background: color-mix(in srgb, var(--xw-brand) var(--xw-weight), var(--xw-soft));
    }
    &[data-xw-strong] {
      color: var(--xw-bg);
    }
    &:hover:enabled {
      outline: 2px solid var(--xw-fg);
    }
  }
  .xw-matrix[data-xw-many] {
    --xw-least: 5px;
    & .xw-cell {
      height: max(12px, calc(var(--xw-cell) * 0.72));
    }
    & .xw-turned {
      height: 14px;
    }
  }
  .xw-pairs {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr));
    gap: 0 18px;
    margin-bottom: 8px;
    & .xw-set {
      align-items: center;
    }
    & .xw-title {
      white-space: normal;
      overflow-wrap: anywhere;
    }
  }
  .xw-turned {
    width: var(--xw-cell);
    max-height: 96px;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    writing-mode: vertical-rl;
    rotate: 180deg;
  }
  .xw-side {
    max-width: 132px;
    padding-right: 6px;
    overflow: hidden;
    text-align: right;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .xw-matrix th[scope="row"] {
    text-align: right;
  }

  .xw-meanmap {
    display: none;
  }
  .xw-confusion[data-xw-maps] .xw-meanmap[data-xw-there] {
    display: block;
    flex: none;
    width: 30px;
    height: 30px;
    border-radius: 3px;
  }
  .xw-confusion[data-xw-maps] .xw-cell .xw-meanmap {
    width: 100%;
    height: 100%;
  }
  .xw-confusion[data-xw-maps] .xw-matrix:not([data-xw-many]) .xw-cell {
    height: var(--xw-cell);
    padding: 0;
    overflow: hidden;
    font-size: 0;
  }
  .xw-confusion:not([data-xw-maps]) .xw-less {
    display: none;
  }
  .xw-matrix .xw-less {
    padding-left: 10px;
  }

  /* Groups of maps. */
  .xw-groupcards {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr));
    gap: 10px;
    margin: 10px 0;
  }
  .xw-groupcard {
    display: flex;
    gap: 12px;
    align-items: flex-start;
    padding: 10px;
    border: 1px solid var(--xw-line);
    border-radius: 8px;
    text-align: left;
    &:hover {
      background: var(--xw-soft);
    }
    &[aria-pressed="true"] {
      border-color: var(--xw-brand);
      background: var(--xw-tint);
    }
    & > .xw-meanmap {
      display: block;
      flex: none;
      width: 96px;
      height: 96px;
      border-radius: 5px;
      background: var(--xw-soft);
    }
    & .xw-about2 {
      display: flex;
      flex: 1;
      flex-direction: column;
      gap: 2px;
      min-width: 0;
      font-size: 12px;
    }
    & .xw-near {
      margin-top: 4px;
    }
    & .xw-near canvas {
      width: 100%;
      aspect-ratio: 1;
      border-radius: 4px;
      background: var(--xw-soft);
    }
  }

  /* Similarity. */
  .xw-cloudbox {
    position: relative;
    flex: 1;
    min-height: 260px;
    margin: 10px 0;
    border-radius: 8px;
    background: var(--xw-soft);
    cursor: crosshair;
    touch-action: none;
  }
  .xw-cloud {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  .xw-hover2 {
    position: absolute;
    padding: 3px 8px;
    border-radius: 6px;
    background: var(--xw-fg);
    color: var(--xw-bg);
    font-size: 12px;
    pointer-events: none;
    white-space: nowrap;
    translate: 12px -50%;
    &[data-xw-late] {
      translate: calc(-100% - 12px) -50%;
    }
  }
  .xw-legend2 {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 14px;
    font-size: 12px;
  }
  .xw-dot {
    display: inline-block;
    width: 9px;
    height: 9px;
    margin-right: 6px;
    border-radius: 50%;
  }
  .xw-similarity .xw-facts {
    padding-bottom: 10px;
  }

  /* Another viewer in the place of the pictures. */
  .xw-inplace {
    position: absolute;
    inset: 0;
    z-index: 3;
    overflow: auto;
    padding: 10px 14px;
    background: var(--xw-bg);
  }
  .xw-place {
    margin-top: 10px;
  }

  &[data-xw-layout="medium"] .xw-matrix {
    --xw-cell: clamp(var(--xw-least), calc((100cqw - 430px) / var(--xw-n) - 2px), 40px);
  }
  &[data-xw-layout="narrow"] .xw-matrix {
    --xw-cell: clamp(var(--xw-least), calc((100cqw - 190px) / var(--xw-n) - 2px), 40px);
  }
}
`;function Mn(t,e,r){let{signal:n,root:o,model:a,speak:s}=t,i=new CSSStyleSheet;i.replaceSync(Zt);let d=o.getRootNode();d.adoptedStyleSheets=[...d.adoptedStyleSheets,i],ce(n,()=>{d.adoptedStyleSheets=d.adoptedStyleSheets.filter(m=>m!==i)});let l=vt(n,e,r),u=Tt(n,e,r);return{chosen:l,groups:u,looks:Jt(n,e,o,l.painted),confusion:Nt(n,e,r),similarity:Gt(n,e,o,{lasso:m=>e.where("rows",m),choose:r.choose,speak:s}),viewer:Pt(n,a,r),arrived(){l.paint(),u[1]()}}}export{Mn as default};
